#include "base/task.h"

#include <string>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

Task<int> give(int number) {
  co_return number;
}

Task<int> give_and_note(int number, bool& started) {
  started = true;
  co_return number;
}

Task<std::unique_ptr<std::string>> give_text() {
  co_return std::make_unique<std::string>("text");
}

Task<int> add(int a, int b) {
  const int first = co_await give(a);
  const int second = co_await give(b);
  co_return first + second;
}

Task<void> count_down(int from, int& sum) {
  for (int i = from; i > 0; --i) sum += co_await give(1);
}

Task<int> wait_for(std::function<void(std::function<void(int)>)> begin) {
  const int value = co_await from_callback<int>(std::move(begin));
  co_return value + 1;
}

Task<void> hold(std::shared_ptr<int> held, std::function<void(std::function<void(int)>)> begin) {
  *held = co_await from_callback<int>(std::move(begin));
}

TEST(Task, does_nothing_until_it_is_awaited) {
  bool started = false;
  Task<int> task = give_and_note(7, started);
  EXPECT_FALSE(started);
  int result = 0;
  start(std::move(task), [&result](int value) { result = value; });
  EXPECT_TRUE(started);
  EXPECT_EQ(result, 7);
}

TEST(Task, is_dropped_unstarted_without_running) {
  bool started = false;
  { const Task<int> dropped = give_and_note(7, started); }
  EXPECT_FALSE(started);
}

TEST(Task, gives_values_through_layers_and_moves_them) {
  int sum = 0;
  start(add(2, 3), [&sum](int value) { sum = value; });
  EXPECT_EQ(sum, 5);
  std::string text;
  start(give_text(), [&text](std::unique_ptr<std::string> value) { text = *value; });
  EXPECT_EQ(text, "text");
}

TEST(Task, tells_the_end_of_a_task_without_value) {
  int sum = 0;
  bool done = false;
  start(count_down(3, sum), [&done] { done = true; });
  EXPECT_EQ(sum, 3);
  EXPECT_TRUE(done);
}

TEST(Task, goes_on_when_a_callback_comes_later) {
  std::function<void(int)> later;
  int result = 0;
  start(wait_for([&later](std::function<void(int)> done) { later = std::move(done); }),
        [&result](int value) { result = value; });
  EXPECT_EQ(result, 0);
  ASSERT_TRUE(later);
  later(41);
  EXPECT_EQ(result, 42);
}

TEST(Task, goes_on_when_a_callback_comes_at_once) {
  int result = 0;
  start(wait_for([](std::function<void(int)> done) { done(1); }),
        [&result](int value) { result = value; });
  EXPECT_EQ(result, 2);
}

TEST(Task, stops_the_process_when_a_callback_comes_twice) {
  const auto twice = [] {
    start(wait_for([](std::function<void(int)> done) {
            done(1);
            done(2);
          }),
          [](int) {});
  };
  EXPECT_DEATH(twice(), "value");
}

TEST(Task, frees_what_its_coroutine_held_when_it_ends) {
  std::function<void(int)> later;
  const auto held = std::make_shared<int>(0);
  start(hold(held, [&later](std::function<void(int)> done) { later = std::move(done); }), [] {});
  EXPECT_GT(held.use_count(), 1);
  later(5);
  EXPECT_EQ(*held, 5);
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace holdfast
