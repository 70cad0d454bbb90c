// IoRuntime: the one I/O thread. It owns the event loop on which sockets, timers, signals and the
// answers of worker threads are handled, so that the state of the daemon needs no locks.
//
// Thread rule: run() and run_until() are called on one thread, which by that is the I/O thread;
// stop() and post() may be called from any thread. Everything else that touches the context
// happens on the I/O thread, or before run() and after it has returned.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace holdfast {

class IoRuntime {
 public:
  IoRuntime();
  IoRuntime(const IoRuntime&) = delete;
  IoRuntime& operator=(const IoRuntime&) = delete;
  /** What is still waiting on the loop is dropped without being called. */
  ~IoRuntime();

  /** Handles events until stop(), also while there is nothing to do. After stop() it may be
      called again. */
  void run();

  /** Handles events until `done` is true, which is asked after each event; for commands and tests
      that wait for one thing. False when `limit` passed first, or stop() was called. */
  bool run_until(const std::function<bool()>& done, std::chrono::nanoseconds limit);

  /** Makes run() return soon. What is waiting stays waiting. */
  void stop();

  /** Calls `work` on the I/O thread, later; never before post returns. */
  void post(std::function<void()> work);

  /** For adapters that speak Asio; they include its headers in their .cc files only. */
  boost::asio::io_context& context() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast
