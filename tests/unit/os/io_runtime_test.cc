#include "os/io_runtime.h"

#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

constexpr std::chrono::seconds kLong{60};

TEST(IoRuntime, runs_what_other_threads_post_on_the_running_thread) {
  IoRuntime runtime;
  const std::thread::id io_thread = std::this_thread::get_id();
  int calls = 0;
  int wrong_thread = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) {
        runtime.post([&] {
          ++calls;
          if (std::this_thread::get_id() != io_thread) ++wrong_thread;
        });
      }
    });
  }
  EXPECT_TRUE(runtime.run_until([&] { return calls == 400; }, kLong));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong_thread, 0);
}

TEST(IoRuntime, does_not_call_before_post_returns) {
  IoRuntime runtime;
  bool returned = false;
  bool called_after = false;
  runtime.post([&] {
    runtime.post([&] { called_after = returned; });
    returned = true;
  });
  EXPECT_TRUE(runtime.run_until([&] { return called_after; }, kLong));
}

TEST(IoRuntime, runs_while_there_is_nothing_to_do_until_another_thread_stops_it) {
  IoRuntime runtime;
  std::thread stopper([&] { runtime.post([&] { runtime.stop(); }); });
  runtime.run();
  stopper.join();
}

TEST(IoRuntime, can_run_again_after_a_stop_and_keeps_what_was_posted) {
  IoRuntime runtime;
  int calls = 0;
  runtime.post([&] {
    ++calls;
    runtime.stop();
  });
  runtime.post([&] {
    ++calls;
    runtime.stop();
  });
  runtime.run();
  EXPECT_EQ(calls, 1);
  runtime.run();
  EXPECT_EQ(calls, 2);
}

TEST(IoRuntime, run_until_gives_up_at_its_limit) {
  IoRuntime runtime;
  EXPECT_FALSE(runtime.run_until([] { return false; }, std::chrono::milliseconds(1)));
}

TEST(IoRuntime, run_until_ends_without_waiting_when_it_is_done_already) {
  IoRuntime runtime;
  EXPECT_TRUE(runtime.run_until([] { return true; }, std::chrono::nanoseconds(0)));
}

TEST(IoRuntime, run_until_is_false_when_it_is_stopped) {
  IoRuntime runtime;
  runtime.post([&] { runtime.stop(); });
  EXPECT_FALSE(runtime.run_until([] { return false; }, kLong));
}

TEST(IoRuntime, drops_what_waits_when_it_ends) {
  const auto held = std::make_shared<int>(1);
  bool called = false;
  {
    IoRuntime runtime;
    runtime.post([held, &called] { called = true; });
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace holdfast
