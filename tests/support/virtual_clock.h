// A clock whose time passes only when the test says so: the sign path's waits take no real time
// and happen in one order.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/task.h"
#include "os/clock.h"

namespace holdfast::test {

class VirtualClock final : public Clock {
 public:
  MonotonicTime now() const override { return now_; }

  void after(std::chrono::nanoseconds delay, std::function<void()> wake) override {
    CHECK(delay.count() >= 0);
    timers_.emplace(std::pair(now_ + delay, ++count_), std::move(wake));
  }

  /** Moves to the next timer and wakes it; false when there is none. */
  bool step() {
    if (timers_.empty()) return false;
    auto timer = timers_.extract(timers_.begin());
    now_ = timer.key().first;
    timer.mapped()();
    return true;
  }

  /** Lets this much time pass, waking what is due on the way. */
  void advance(std::chrono::nanoseconds by) {
    const MonotonicTime until = now_ + by;
    while (!timers_.empty() && timers_.begin()->first.first <= until) step();
    now_ = until;
  }

  /** Runs the task to its end, letting time pass as it needs. */
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    start(std::move(task), [&](T result) { value.emplace(std::move(result)); });
    while (!value && step()) {
    }
    CHECK(value.has_value());
    return std::move(*value);
  }

 private:
  MonotonicTime now_ = std::chrono::hours(1);
  std::uint64_t count_ = 0;
  std::map<std::pair<MonotonicTime, std::uint64_t>, std::function<void()>> timers_;
};

}  // namespace holdfast::test
