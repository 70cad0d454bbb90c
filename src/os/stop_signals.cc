#include "os/stop_signals.h"

#include <signal.h>

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace holdfast {

struct StopSignals::Impl : std::enable_shared_from_this<StopSignals::Impl> {
  Impl(boost::asio::io_context& context, std::function<void(int)> call)
      : signals(context, SIGINT, SIGTERM), on_signal(std::move(call)) {}

  void wait() {
    signals.async_wait(
        [self = shared_from_this()](const boost::system::error_code& error, int number) {
          if (error || !self->on_signal) return;
          const auto call = self->on_signal;
          self->wait();
          call(number);
        });
  }

  boost::asio::signal_set signals;
  std::function<void(int)> on_signal;
};

StopSignals::StopSignals(IoRuntime& runtime, std::function<void(int)> on_signal)
    : impl_(std::make_shared<Impl>(runtime.context(), std::move(on_signal))) {
  impl_->wait();
}

StopSignals::~StopSignals() {
  impl_->on_signal = nullptr;
  // Clearing alone would leave the wait behind, which owns the set that it waits on.
  boost::system::error_code ignored;
  impl_->signals.cancel(ignored);
  impl_->signals.clear(ignored);
}

}  // namespace holdfast
