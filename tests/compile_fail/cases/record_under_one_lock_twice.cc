// A lock is recorded, released or pinned once: it is given up to the store.
// expect-error: use of deleted function|call to deleted constructor
#include "store/duty_store.h"

namespace record_under_one_lock_twice {
using namespace holdfast;

auto record(DutyStore& store, HeldLock& lock, const SealedSignature& sealed) {
#ifdef MISUSE
  return store.record(lock, sealed);
#else
  return store.record(std::move(lock), sealed);
#endif
}

}  // namespace record_under_one_lock_twice
