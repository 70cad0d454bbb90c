// A seal is opened only with the proof that its signature is durable (S1).
// expect-error: no matching function|too few arguments
#include "store/sealed_signature.h"

namespace open_without_record {
using namespace holdfast;

Signature release(SealedSignature sealed, SignedRecord record, JournaledRelease journaled) {
#ifdef MISUSE
  return std::move(sealed).open();
#else
  return std::move(sealed).open(std::move(record), std::move(journaled));
#endif
}

}  // namespace open_without_record
