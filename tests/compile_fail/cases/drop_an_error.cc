// A dropped error does not compile (S5: not knowing is refusing, by type).
// expect-error: ignoring return(ed)? value
#include "base/result.h"

namespace drop_an_error {
using namespace holdfast;

Result<void> commit();

inline bool use() {
#ifdef MISUSE
  commit();
  return true;
#else
  return commit().has_value();
#endif
}

}  // namespace drop_an_error
