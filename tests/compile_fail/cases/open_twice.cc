// Opening uses the seal up: it is called on an rvalue only.
// expect-error: discards qualifiers|as rvalue|rvalue
#include "store/sealed_signature.h"

namespace open_twice {
using namespace holdfast;

Signature release(SealedSignature& sealed, SignedRecord record, JournaledRelease journaled) {
#ifdef MISUSE
  return sealed.open(std::move(record), std::move(journaled));
#else
  return std::move(sealed).open(std::move(record), std::move(journaled));
#endif
}

}  // namespace open_twice
