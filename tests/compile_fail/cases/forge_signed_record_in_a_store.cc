// Not even a store makes a SignedRecord: its do_record answers yes or no, and DutyStore::record
// alone turns a yes into the proof (S1, S5).
// expect-error: private within this context|calling a private constructor
#include "store/duty_store.h"

namespace forge_signed_record_in_a_store {
using namespace holdfast;

class HastyStore : public DutyStore {
 public:
  using DutyStore::DutyStore;

  RecordAnswer answer_without_commit(const Duty& duty) {
    (void)duty;
#ifdef MISUSE
    return SignedRecord(duty);
#else
    return LockLost{};
#endif
  }
};

}  // namespace forge_signed_record_in_a_store
