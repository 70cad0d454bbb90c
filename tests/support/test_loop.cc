#include "support/test_loop.h"

#include "os/io_clock.h"
#include "os/io_runtime.h"

namespace holdfast::test {

/** Long enough for the slowest machine; only a hanging test ever waits for it. */
constexpr std::chrono::minutes kHanging{2};

struct TestLoop::Impl {
  IoRuntime runtime;
  IoClock clock{runtime};
};

TestLoop::TestLoop() : impl_(std::make_unique<Impl>()) {}
TestLoop::~TestLoop() = default;

Clock& TestLoop::clock() noexcept {
  return impl_->clock;
}

boost::asio::io_context& TestLoop::context() noexcept {
  return impl_->runtime.context();
}

std::function<void(std::function<void()>)> TestLoop::post() {
  return
      [runtime = &impl_->runtime](std::function<void()> work) { runtime->post(std::move(work)); };
}

void TestLoop::run_until(const std::function<bool()>& done) {
  CHECK(impl_->runtime.run_until(done, kHanging));
}

void TestLoop::run(Task<void> task) {
  bool done = false;
  start(std::move(task), [&done] { done = true; });
  run_until([&done] { return done; });
}

}  // namespace holdfast::test
