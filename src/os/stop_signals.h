// StopSignals: SIGINT and SIGTERM as events of the I/O thread.
// Thread rule: the I/O thread, or before it runs.
#pragma once

#include <functional>
#include <memory>

#include "os/io_runtime.h"

namespace holdfast {

class StopSignals {
 public:
  /** From here on the two signals do not end the process; each calls `on_signal` with its number,
      on the I/O thread. The first asks for a graceful stop; what a second one means is the
      caller's to say. The runtime outlives this object. */
  StopSignals(IoRuntime& runtime, std::function<void(int)> on_signal);
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  /** The signals do what they do by default again. */
  ~StopSignals();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast
