// Logger: structured lines on a file descriptor, stderr by default.
//
// The level is looked at first, so a line that nobody wants costs one comparison. A line is made
// in a buffer of its own and written with one write(2), so lines of several threads and processes
// do not mix. A log that cannot be written never stops the process: the line is dropped.
//
// Thread rule: any thread may log; there is no shared state but the file descriptor.
#pragma once

#include <atomic>
#include <functional>
#include <initializer_list>
#include <string_view>

#include "telemetry/log_line.h"

namespace holdfast {

struct LogSettings {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  /** Not closed by the logger. */
  int fd = 2;
  /** Empty: the system's real-time clock. */
  std::function<WallTime()> wall_time;
};

class Logger {
 public:
  explicit Logger(LogSettings settings = {});
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  /** For callers that would have to work to make the fields. */
  bool wants(LogLevel level) const noexcept { return level >= settings_.level; }

  void log(LogLevel level, std::string_view module, std::string_view message,
           std::initializer_list<LogField> fields = {}) const {
    if (wants(level)) write(level, module, message, fields);
  }

  /** Lines that could not be written. */
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  void write(LogLevel level, std::string_view module, std::string_view message,
             std::initializer_list<LogField> fields) const;

  LogSettings settings_;
  mutable std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace holdfast
