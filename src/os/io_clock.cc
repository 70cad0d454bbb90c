#include "os/io_clock.h"

#include <time.h>

#include <algorithm>
#include <memory>
#include <utility>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>

#include "base/check.h"

namespace holdfast {
namespace {

struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;

  static time_point now() noexcept {
    timespec value{};
    CHECK(clock_gettime(CLOCK_BOOTTIME, &value) == 0);
    return time_point(std::chrono::seconds(value.tv_sec) + std::chrono::nanoseconds(value.tv_nsec));
  }
};

// The reactor sleeps by CLOCK_MONOTONIC, which stands still while the machine is suspended. So it
// sleeps for at most a second at a time and then looks at the boot clock again.
struct ShortWaits {
  static BootClock::duration to_wait_duration(const BootClock::duration& wait) {
    return std::min<BootClock::duration>(wait, std::chrono::seconds(1));
  }
  static BootClock::duration to_wait_duration(const BootClock::time_point& end) {
    return to_wait_duration(end - BootClock::now());
  }
};

using BootTimer = boost::asio::basic_waitable_timer<BootClock, ShortWaits>;

}  // namespace

MonotonicTime IoClock::now() const {
  return BootClock::now().time_since_epoch();
}

void IoClock::after(std::chrono::nanoseconds delay, std::function<void()> wake) {
  auto timer = std::make_shared<BootTimer>(runtime_.context());
  // A day more or less does not matter to whoever waits for years, and now() + delay must not
  // overflow.
  timer->expires_after(
      std::min<std::chrono::nanoseconds>(delay, std::chrono::hours(24 * 365 * 50)));
  BootTimer& waiting = *timer;
  waiting.async_wait(
      [timer = std::move(timer), wake = std::move(wake)](const boost::system::error_code& error) {
        if (!error) wake();
      });
}

}  // namespace holdfast
