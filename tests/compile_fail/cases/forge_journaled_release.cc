// Only Journal makes the proof that a release is in the journal (S8).
// expect-error: private within this context|calling a private constructor
#include "store/journal/journal.h"

namespace forge_journaled_release {
using namespace holdfast;

JournaledRelease pass_on(JournaledRelease journaled, const Duty& duty) {
#ifdef MISUSE
  return JournaledRelease(duty);
#else
  return journaled;
#endif
}

}  // namespace forge_journaled_release
