#include "os/io_runtime.h"

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace holdfast {

struct IoRuntime::Impl {
  // One thread runs the loop, which Asio may know: it then skips waking other threads.
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{
      context.get_executor()};
};

IoRuntime::IoRuntime() : impl_(std::make_unique<Impl>()) {}
IoRuntime::~IoRuntime() = default;

void IoRuntime::run() {
  if (impl_->context.stopped()) impl_->context.restart();
  impl_->context.run();
}

bool IoRuntime::run_until(const std::function<bool()>& done, std::chrono::nanoseconds limit) {
  if (impl_->context.stopped()) impl_->context.restart();
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (impl_->context.stopped() || std::chrono::steady_clock::now() >= end) return false;
    impl_->context.run_one_until(end);
  }
  return true;
}

void IoRuntime::stop() {
  impl_->context.stop();
}

void IoRuntime::post(std::function<void()> work) {
  boost::asio::post(impl_->context, std::move(work));
}

boost::asio::io_context& IoRuntime::context() noexcept {
  return impl_->context;
}

}  // namespace holdfast
