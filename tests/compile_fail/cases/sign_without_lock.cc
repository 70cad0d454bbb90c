// A key ring signs a protected message only for a lock that is held.
// expect-error: no matching function|cannot convert|no viable conversion
#include "keys/key_ring.h"

namespace sign_without_lock {
using namespace holdfast;

auto sign(KeyRing& ring, const HeldLock& lock, SignableMessage message) {
#ifdef MISUSE
  return ring.sign(lock.duty(), std::move(message));
#else
  return ring.sign(lock, std::move(message));
#endif
}

}  // namespace sign_without_lock
