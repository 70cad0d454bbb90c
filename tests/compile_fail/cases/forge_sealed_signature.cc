// Only a key ring seals signatures (S1).
// expect-error: private within this context|calling a private constructor
#include "store/sealed_signature.h"

namespace forge_sealed_signature {
using namespace holdfast;

SealedSignature pass_on(SealedSignature sealed, const Duty& duty, const Signature& signature) {
#ifdef MISUSE
  return SealedSignature(duty, signature);
#else
  return sealed;
#endif
}

}  // namespace forge_sealed_signature
