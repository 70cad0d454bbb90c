// Time as something that can be given: the daemon's comes from the operating system, the
// simulation's is virtual. No safety rests on it: that rests on lock tokens in the database.
#pragma once

#include <chrono>
#include <functional>

#include "base/task.h"

namespace holdfast {

/** Time since some fixed moment; never goes back, counts suspended time too (CLOCK_BOOTTIME). */
using MonotonicTime = std::chrono::nanoseconds;

class Clock {
 public:
  virtual ~Clock() = default;

  virtual MonotonicTime now() const = 0;

  /** Calls `wake` once, on the clock's thread, when `delay` is over; never before `after`
      returns. */
  virtual void after(std::chrono::nanoseconds delay, std::function<void()> wake) = 0;

  /** Awaits the delay. */
  Task<void> sleep(std::chrono::nanoseconds delay);
};

/** Since 1970 in UTC, by the system's clock, which may jump: for people to read, never for a
    decision. */
std::chrono::milliseconds wall_time_now();

}  // namespace holdfast
