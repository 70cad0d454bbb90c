#include "telemetry/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

/** A pipe whose writing end a logger gets. */
class Pipe {
 public:
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_ = ends[0];
    write_ = ends[1];
  }
  ~Pipe() {
    ::close(read_);
    if (write_ >= 0) ::close(write_);
  }
  int write_end() const { return write_; }
  /** All that was written; ends the writing. */
  std::string text() {
    ::close(write_);
    write_ = -1;
    std::string all;
    char buffer[4096];
    for (ssize_t got; (got = ::read(read_, buffer, sizeof buffer)) > 0;) {
      all.append(buffer, static_cast<std::size_t>(got));
    }
    return all;
  }

 private:
  int read_ = -1;
  int write_ = -1;
};

LogSettings to(const Pipe& pipe, LogLevel level) {
  return {.level = level, .format = LogFormat::text, .fd = pipe.write_end(), .wall_time = [] {
            return WallTime(0);
          }};
}

TEST(Logger, writes_lines_at_and_above_its_level_only) {
  Pipe pipe;
  const Logger logger(to(pipe, LogLevel::info));
  EXPECT_FALSE(logger.wants(LogLevel::verbose));
  EXPECT_TRUE(logger.wants(LogLevel::info));
  logger.log(LogLevel::debug, "m", "no");
  logger.log(LogLevel::verbose, "m", "no");
  logger.log(LogLevel::info, "m", "yes");
  logger.log(LogLevel::error, "m", "too", {{"f", "v"}});
  EXPECT_EQ(pipe.text(),
            "1970-01-01T00:00:00.000Z INFO m: yes\n"
            "1970-01-01T00:00:00.000Z ERROR m: too { f: 'v' }\n");
}

TEST(Logger, drops_and_counts_lines_that_cannot_be_written) {
  const Logger logger(
      {.level = LogLevel::info, .format = LogFormat::text, .fd = -1, .wall_time = {}});
  logger.log(LogLevel::info, "m", "lost");
  EXPECT_EQ(logger.dropped(), 1u);
}

TEST(Logger, keeps_the_lines_of_several_threads_whole) {
  Pipe pipe;
  const Logger logger(to(pipe, LogLevel::info));
  constexpr int kThreads = 4;
  constexpr int kLines = 50;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&logger] {
      for (int line = 0; line < kLines; ++line) {
        logger.log(LogLevel::info, "m", "whole", {{"f", "0123456789"}});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string line = "1970-01-01T00:00:00.000Z INFO m: whole { f: '0123456789' }\n";
  std::string expected;
  for (int count = 0; count < kThreads * kLines; ++count) expected += line;
  EXPECT_EQ(pipe.text(), expected);
}

TEST(Logger, leaves_errno_as_it_was) {
  const Logger logger(
      {.level = LogLevel::info, .format = LogFormat::text, .fd = -1, .wall_time = {}});
  errno = ENOENT;
  logger.log(LogLevel::info, "m", "lost");
  EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace holdfast
