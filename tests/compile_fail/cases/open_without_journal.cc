// A seal is opened only when this node's own journal has the release, too (S8).
// expect-error: no matching function|too few arguments
#include "store/sealed_signature.h"

namespace open_without_journal {
using namespace holdfast;

Signature release(SealedSignature sealed, SignedRecord record, JournaledRelease journaled) {
#ifdef MISUSE
  return std::move(sealed).open(std::move(record));
#else
  return std::move(sealed).open(std::move(record), std::move(journaled));
#endif
}

}  // namespace open_without_journal
