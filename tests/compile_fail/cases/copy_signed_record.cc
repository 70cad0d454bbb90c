// A SignedRecord is used up once: it can be moved and not copied.
// expect-error: use of deleted function|call to deleted constructor
#include "store/sealed_signature.h"

namespace copy_signed_record {
using namespace holdfast;

SignedRecord twice(SignedRecord& first) {
#ifdef MISUSE
  return first;
#else
  return std::move(first);
#endif
}

}  // namespace copy_signed_record
