// Knowing the duty is no proof that its signature is durable (S1).
// expect-error: could not convert|no viable conversion|private within this context|cannot convert
#include "store/sealed_signature.h"

namespace open_with_a_duty {
using namespace holdfast;

Signature release(SealedSignature sealed, SignedRecord record, JournaledRelease journaled) {
#ifdef MISUSE
  return std::move(sealed).open(record.duty(), std::move(journaled));
#else
  return std::move(sealed).open(std::move(record), std::move(journaled));
#endif
}

}  // namespace open_with_a_duty
