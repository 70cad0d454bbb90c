#include "telemetry/log.h"

#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <string>
#include <utility>

namespace holdfast {
namespace {

WallTime system_wall_time() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::chrono::duration_cast<WallTime>(std::chrono::seconds(now.tv_sec) +
                                              std::chrono::nanoseconds(now.tv_nsec));
}

bool write_all(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Logger::Logger(LogSettings settings) : settings_(std::move(settings)) {
  if (!settings_.wall_time) settings_.wall_time = system_wall_time;
}

void Logger::write(LogLevel level, std::string_view module, std::string_view message,
                   std::initializer_list<LogField> fields) const {
  std::string buffer;
  buffer.reserve(256);
  append_line(
      buffer, settings_.format,
      LogLine{settings_.wall_time(), level, module, message, {fields.begin(), fields.end()}});
  // A caller may look at errno after it has logged.
  const int saved_errno = errno;
  if (!write_all(settings_.fd, buffer)) dropped_.fetch_add(1, std::memory_order_relaxed);
  errno = saved_errno;
}

}  // namespace holdfast
