// A seal is opened only with the proof that its signature is durable (S1).
// expect-error: no matching function|too few arguments
#include "store/sealed_signature.h"

namespace open_without_record {
using namespace holdfast;

Signature release(SealedSignature sealed, SignedRecord record) {
#ifdef MISUSE
  return std::move(sealed).open();
#else
  return std::move(sealed).open(std::move(record));
#endif
}

}  // namespace open_without_record
