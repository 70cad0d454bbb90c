// A HeldLock is used up once: it can be moved and not copied.
// expect-error: use of deleted function|call to deleted constructor
#include "store/held_lock.h"

namespace copy_held_lock {
using namespace holdfast;

HeldLock twice(HeldLock& first) {
#ifdef MISUSE
  return first;
#else
  return std::move(first);
#endif
}

}  // namespace copy_held_lock
