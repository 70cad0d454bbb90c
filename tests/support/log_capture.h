// A Logger whose lines a test can read: they go to an anonymous file, with the time 0.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include <gtest/gtest.h>

#include "telemetry/log.h"

namespace holdfast::test {

class LogCapture {
 public:
  explicit LogCapture(LogLevel level = LogLevel::debug)
      : fd_(::memfd_create("log", MFD_CLOEXEC)),
        logger_({.level = level, .format = LogFormat::text, .fd = fd_, .wall_time = [] {
                   return WallTime(0);
                 }}) {
    EXPECT_GE(fd_, 0);
  }
  ~LogCapture() { ::close(fd_); }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  const Logger& logger() const { return logger_; }

  /** All lines so far, without their "1970-01-01T00:00:00.000Z ". */
  std::string text() const {
    std::string all(static_cast<std::size_t>(::lseek(fd_, 0, SEEK_END)), '\0');
    EXPECT_EQ(::pread(fd_, all.data(), all.size(), 0), static_cast<ssize_t>(all.size()));
    const std::string time = "1970-01-01T00:00:00.000Z ";
    for (std::size_t at = 0; (at = all.find(time, at)) != std::string::npos;) {
      all.erase(at, time.size());
    }
    return all;
  }

 private:
  int fd_;
  Logger logger_;
};

}  // namespace holdfast::test
