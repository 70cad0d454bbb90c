// Numbers of different meaning are different types.
// expect-error: no match for .operator|invalid operands
#include "duty/duty.h"

namespace compare_a_slot_with_a_block_number {
using namespace holdfast;

inline bool below(Slot slot, BlockNumber block, Slot watermark) {
#ifdef MISUSE
  return slot <= block;
#else
  return slot <= watermark;
#endif
}

}  // namespace compare_a_slot_with_a_block_number
