// There is no other way to the signature than opening the seal (S1).
// expect-error: private within this context|is a private member
#include "store/sealed_signature.h"

namespace read_past_the_seal {
using namespace holdfast;

Signature release(SealedSignature sealed, SignedRecord record, JournaledRelease journaled) {
#ifdef MISUSE
  return sealed.signature_;
#else
  return std::move(sealed).open(std::move(record), std::move(journaled));
#endif
}

}  // namespace read_past_the_seal
