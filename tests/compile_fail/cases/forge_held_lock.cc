// Only DutyStore makes the proof that a lock is held.
// expect-error: private within this context|calling a private constructor
#include "store/held_lock.h"

namespace forge_held_lock {
using namespace holdfast;

HeldLock pass_on(HeldLock lock, const Duty& duty) {
#ifdef MISUSE
  return HeldLock(duty, "hf1-00000000000000000000000000000000", false);
#else
  return lock;
#endif
}

}  // namespace forge_held_lock
