#include "os/process.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>

namespace holdfast {

Result<void> disable_core_dumps() {
  rlimit limit{};
  if (getrlimit(RLIMIT_CORE, &limit) == 0) {
    limit.rlim_cur = 0;
    if (setrlimit(RLIMIT_CORE, &limit) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) return {};
  }
  return Error{ErrorKind::permission_denied,
               std::string("core dumps of this process cannot be turned off: ") + strerror(errno)};
}

std::string user_of_this_process() {
  const uid_t id = geteuid();
  const passwd* const entry = getpwuid(id);
  return entry != nullptr ? std::string(entry->pw_name) : "uid " + std::to_string(id);
}

std::string place_of_this_process() {
  std::array<char, 256> name{};
  const bool known = gethostname(name.data(), name.size() - 1) == 0;
  return std::string(known ? name.data() : "unknown host") + " pid " + std::to_string(getpid());
}

void ignore_broken_pipes() {
  signal(SIGPIPE, SIG_IGN);
}

}  // namespace holdfast
