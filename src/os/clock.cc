#include "os/clock.h"

#include <variant>

namespace holdfast {

Task<void> Clock::sleep(std::chrono::nanoseconds delay) {
  auto arm = [this, delay](auto done) { after(delay, [done] { done(std::monostate{}); }); };
  co_await from_callback<std::monostate>(std::move(arm));
}

std::chrono::milliseconds wall_time_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace holdfast
