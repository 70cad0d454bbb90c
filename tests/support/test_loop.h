// TestLoop: the I/O thread of a test. It runs Tasks to their end on the test's own thread, over
// the daemon's IoRuntime and IoClock.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/task.h"
#include "os/clock.h"

namespace boost::asio {
class io_context;
}

namespace holdfast::test {

class TestLoop {
 public:
  TestLoop();
  TestLoop(const TestLoop&) = delete;
  TestLoop& operator=(const TestLoop&) = delete;
  ~TestLoop();

  Clock& clock() noexcept;
  boost::asio::io_context& context() noexcept;
  /** IoRuntime::post, for stores with worker threads. */
  std::function<void(std::function<void()>)> post();

  /** Handles events until `done`; a test that hangs is stopped by CHECK after two minutes. */
  void run_until(const std::function<bool()>& done);

  /** Runs the task to its end. */
  template <class T>
  T run(Task<T> task) {
    std::vector<Task<T>> tasks;
    tasks.push_back(std::move(task));
    return std::move(run_all(std::move(tasks)).front());
  }
  void run(Task<void> task);

  /** Starts all tasks at once and runs them to their end; values in the order of the tasks. */
  template <class T>
  std::vector<T> run_all(std::vector<Task<T>> tasks) {
    std::vector<std::optional<T>> values(tasks.size());
    std::size_t done = 0;
    for (std::size_t at = 0; at < tasks.size(); ++at) {
      start(std::move(tasks[at]), [&values, &done, at](T value) {
        values[at].emplace(std::move(value));
        ++done;
      });
    }
    run_until([&] { return done == values.size(); });
    std::vector<T> result;
    for (std::optional<T>& value : values) result.push_back(std::move(*value));
    return result;
  }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::test
