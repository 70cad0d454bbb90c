#include "os/io_clock.h"

#include <vector>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using std::chrono::milliseconds;
constexpr std::chrono::seconds kLong{60};

TEST(IoClock, never_goes_back) {
  IoRuntime runtime;
  const IoClock clock(runtime);
  MonotonicTime last = clock.now();
  EXPECT_GT(last.count(), 0);
  for (int i = 0; i < 1000; ++i) {
    const MonotonicTime now = clock.now();
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(IoClock, wakes_not_before_the_delay_is_over_and_not_inside_after) {
  IoRuntime runtime;
  IoClock clock(runtime);
  for (const milliseconds delay : {milliseconds(0), milliseconds(1), milliseconds(20)}) {
    bool woken = false;
    const MonotonicTime begin = clock.now();
    clock.after(delay, [&] { woken = true; });
    EXPECT_FALSE(woken);
    EXPECT_TRUE(runtime.run_until([&] { return woken; }, kLong));
    EXPECT_GE(clock.now() - begin, delay) << delay.count() << " ms";
  }
}

TEST(IoClock, wakes_in_the_order_of_the_times_and_each_once) {
  IoRuntime runtime;
  IoClock clock(runtime);
  std::vector<int> order;
  clock.after(milliseconds(30), [&] { order.push_back(3); });
  clock.after(milliseconds(20), [&] { order.push_back(2); });
  clock.after(milliseconds(10), [&] { order.push_back(1); });
  clock.after(milliseconds(-5), [&] { order.push_back(0); });
  EXPECT_TRUE(runtime.run_until([&] { return order.size() >= 4; }, kLong));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

TEST(IoClock, takes_the_longest_delay_there_is) {
  IoRuntime runtime;
  IoClock clock(runtime);
  bool far = false;
  bool near = false;
  clock.after(std::chrono::nanoseconds::max(), [&] { far = true; });
  clock.after(milliseconds(1), [&] { near = true; });
  EXPECT_TRUE(runtime.run_until([&] { return near; }, kLong));
  EXPECT_FALSE(far);
}

Task<void> sleep_twice(Clock& clock, std::vector<MonotonicTime>& times) {
  times.push_back(clock.now());
  co_await clock.sleep(milliseconds(2));
  times.push_back(clock.now());
  co_await clock.sleep(milliseconds(3));
  times.push_back(clock.now());
}

TEST(Clock, sleep_can_be_awaited) {
  IoRuntime runtime;
  IoClock clock(runtime);
  std::vector<MonotonicTime> times;
  bool done = false;
  start(sleep_twice(clock, times), [&] { done = true; });
  EXPECT_TRUE(runtime.run_until([&] { return done; }, kLong));
  ASSERT_EQ(times.size(), 3U);
  EXPECT_GE(times[1] - times[0], milliseconds(2));
  EXPECT_GE(times[2] - times[1], milliseconds(3));
}

}  // namespace
}  // namespace holdfast
