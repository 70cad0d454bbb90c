// A simulated process' own view of time.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "os/clock.h"
#include "support/virtual_clock.h"

namespace holdfast::sim {

/** The clock of a process: nothing wakes while it is paused, and nothing ever again once it has
    crashed, until the world is cleaned up. */
class ProcessClock final : public Clock {
 public:
  explicit ProcessClock(test::VirtualClock& world) : world_(world) {}

  MonotonicTime now() const override { return world_.now(); }
  void after(std::chrono::nanoseconds delay, std::function<void()> wake) override {
    world_.after(delay, [this, wake = std::move(wake)]() mutable { deliver(std::move(wake)); });
  }

  void pause() { paused_ = true; }
  void resume() {
    paused_ = false;
    run_held();
  }
  void crash() { crashed_ = true; }
  bool crashed() const noexcept { return crashed_; }
  bool paused() const noexcept { return paused_; }

  /** The end of the world: what a crashed process was waiting for is delivered after all, so that
      its coroutines end. Its links are dead by then. */
  void bury() {
    buried_ = true;
    run_held();
  }
  bool buried() const noexcept { return buried_; }

 private:
  void deliver(std::function<void()> wake) {
    if (!buried_ && (paused_ || crashed_)) {
      held_.push_back(std::move(wake));
    } else {
      wake();
    }
  }
  void run_held() {
    if (crashed_ && !buried_) return;
    std::vector<std::function<void()>> held = std::exchange(held_, {});
    for (const auto& wake : held) deliver(wake);
  }

  test::VirtualClock& world_;
  std::vector<std::function<void()>> held_;
  bool paused_ = false;
  bool crashed_ = false;
  bool buried_ = false;
};

}  // namespace holdfast::sim
