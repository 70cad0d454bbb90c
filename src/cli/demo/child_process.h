// A signer process of the demo: this very program, started again.
// Thread rule: the main thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace holdfast::cli::demo {

class ChildProcess {
 public:
  /** Starts this program with the arguments; `environment` is added to ours. Its stderr goes to
      the file `log`. */
  static Result<ChildProcess> start(const std::vector<std::string>& arguments,
                                    const std::map<std::string, std::string>& environment,
                                    const std::filesystem::path& log);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  /** Kills it if it still runs: a demo leaves nothing behind. */
  ~ChildProcess();

  /** The first line that it printed, once it is there; never waits. */
  const std::optional<std::string>& first_line();
  /** False once it has ended; never waits. */
  bool running();
  /** Sends the signal. */
  void signal(int number);
  /** Waits for its end. */
  void wait();

 private:
  ChildProcess(pid_t pid, int output) noexcept : pid_(pid), output_(output) {}
  void end() noexcept;

  pid_t pid_ = -1;
  int output_ = -1;
  std::string received_;
  std::optional<std::string> first_line_;
};

}  // namespace holdfast::cli::demo
