// Only DutyStore makes the proof that a signature is durable (S1).
// expect-error: private within this context|calling a private constructor
#include "store/sealed_signature.h"

namespace forge_signed_record {
using namespace holdfast;

SignedRecord pass_on(SignedRecord record, const Duty& duty) {
#ifdef MISUSE
  return SignedRecord(duty);
#else
  return record;
#endif
}

}  // namespace forge_signed_record
