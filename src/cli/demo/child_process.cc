#include "cli/demo/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace holdfast::cli::demo {
namespace {

/** Environment as execve wants it: ours, with the additions in front, which win. */
std::vector<std::string> merged(const std::map<std::string, std::string>& additions) {
  std::vector<std::string> entries;
  for (const auto& [name, value] : additions) entries.push_back(name + "=" + value);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    // A setting of the caller's own signer must not reach the demo's.
    if (text.starts_with("VALIDATOR_HA_") || text.starts_with("HOLDFAST_")) continue;
    if (!additions.contains(text.substr(0, text.find('=')))) entries.push_back(text);
  }
  return entries;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& arguments,
                                         const std::map<std::string, std::string>& environment,
                                         const std::filesystem::path& log) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return Error{ErrorKind::unavailable, fmt::format("pipe: {}", std::strerror(errno))};
  }
  std::vector<std::string> words = {"holdfast"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = merged(environment);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, "/proc/self/exe", &actions, nullptr, pointers(words).data(),
                                 pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (failed != 0) {
    close(ends[0]);
    return Error{ErrorKind::unavailable, fmt::format("posix_spawn: {}", std::strerror(failed))};
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return ChildProcess(pid, ends[0]);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::exchange(other.output_, -1)),
      received_(std::move(other.received_)),
      first_line_(std::move(other.first_line_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    output_ = std::exchange(other.output_, -1);
    received_ = std::move(other.received_);
    first_line_ = std::move(other.first_line_);
  }
  return *this;
}

ChildProcess::~ChildProcess() {
  end();
}

void ChildProcess::end() noexcept {
  if (pid_ > 0) {
    signal(SIGKILL);
    wait();
  }
  if (output_ >= 0) close(std::exchange(output_, -1));
}

const std::optional<std::string>& ChildProcess::first_line() {
  char buffer[512];
  while (!first_line_ && output_ >= 0) {
    const ssize_t size = read(output_, buffer, sizeof(buffer));
    if (size <= 0) break;
    received_.append(buffer, static_cast<std::size_t>(size));
    const std::size_t line_end = received_.find('\n');
    if (line_end != std::string::npos) first_line_ = received_.substr(0, line_end);
  }
  return first_line_;
}

bool ChildProcess::running() {
  if (pid_ <= 0) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

void ChildProcess::signal(int number) {
  if (pid_ > 0) kill(pid_, number);
}

void ChildProcess::wait() {
  if (pid_ <= 0) return;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace holdfast::cli::demo
