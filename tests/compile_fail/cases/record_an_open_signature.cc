// A store records sealed signatures only, so that nothing is released before it is recorded.
// expect-error: cannot convert|could not convert|no viable conversion|no matching function|invalid
// initialization
#include "store/duty_store.h"

namespace record_an_open_signature {
using namespace holdfast;

auto record(DutyStore& store, HeldLock lock, const SealedSignature& sealed,
            const Signature& signature) {
#ifdef MISUSE
  return store.record(std::move(lock), signature);
#else
  return store.record(std::move(lock), sealed);
#endif
}

}  // namespace record_an_open_signature
