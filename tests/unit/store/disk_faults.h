// Faults of a disk: this program's pwrite, fdatasync, fsync, ftruncate and rename are counted, and
// the one that a test names fails, or is the last thing before a crash. What was written but not
// synced is lost where a real disk may lose it: after a failed sync and at a loss of power. Nothing
// is really synced.
#pragma once

#include <cstddef>
#include <string_view>

namespace holdfast::test {

enum class DiskFault {
  none = 0,
  /** The call fails with EIO, once. A failed sync drops what was not synced. */
  io_error,
  /** The call fails with ENOSPC, once; a write has put half of its bytes there. */
  disk_full,
  /** As io_error, and so do the next four calls. */
  io_errors,
  /** kill -9 before the call. */
  killed,
  /** kill -9 after half of the call, where it is a write. */
  killed_half_way,
  /** The power fails before the call: files have what was last synced. */
  power_loss,
  /** That, and a rename whose directory was not synced did not happen. */
  power_loss_before_rename,
};

std::string_view name_of(DiskFault fault);

/** From now on, counted anew: the call of that number (from 1) meets the fault. */
void set_disk_fault(DiskFault fault, std::size_t call);

/** How many calls there were. */
std::size_t disk_calls();

}  // namespace holdfast::test
