// IoClock: the operating system's time on the I/O thread's loop.
// Thread rule: now() anywhere; after() on the I/O thread.
#pragma once

#include "os/clock.h"
#include "os/io_runtime.h"

namespace holdfast {

class IoClock final : public Clock {
 public:
  /** The runtime outlives the clock. */
  explicit IoClock(IoRuntime& runtime) : runtime_(runtime) {}

  /** CLOCK_BOOTTIME: a machine that was suspended finds its deadlines passed, not postponed. */
  MonotonicTime now() const override;

  /** After a suspension of the machine, a wake that became due meanwhile comes within a second. A
      wake that is still waiting when the runtime ends is dropped. */
  void after(std::chrono::nanoseconds delay, std::function<void()> wake) override;

 private:
  IoRuntime& runtime_;
};

}  // namespace holdfast
