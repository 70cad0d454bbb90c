// Opening uses the seal up: it is called on an rvalue only.
// expect-error: discards qualifiers|as rvalue|rvalue
#include "store/sealed_signature.h"

namespace open_twice {
using namespace holdfast;

Signature release(SealedSignature& sealed, SignedRecord record) {
#ifdef MISUSE
  return sealed.open(std::move(record));
#else
  return std::move(sealed).open(std::move(record));
#endif
}

}  // namespace open_twice
