// Only a context that names a harmless duty type makes a message that is signed without a lock.
// expect-error: private within this context|calling a private constructor
#include "keys/key_ring.h"

namespace forge_harmless_message {
using namespace holdfast;

HarmlessMessage pass_on(HarmlessMessage harmless, SignableMessage message) {
#ifdef MISUSE
  return HarmlessMessage(DutyType::block_proposal, std::move(message));
#else
  return harmless;
#endif
}

}  // namespace forge_harmless_message
