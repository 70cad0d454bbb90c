#include "store/sqlite/sqlite_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

namespace holdfast {
namespace {

Error system_error(std::string_view doing, const std::string& path, int code) {
  const bool denied = code == EACCES || code == EPERM || code == EROFS;
  return {denied ? ErrorKind::permission_denied : ErrorKind::unavailable,
          fmt::format("{} {}: {}", doing, path, std::strerror(code))};
}

std::string directory_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

Result<void> check_directory(const std::string& directory) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) {
    if (errno != ENOENT) return system_error("looking at the directory", directory, errno);
    return Error{ErrorKind::not_found,
                 fmt::format("the directory {} does not exist; create it (mode 0700) or name "
                             "another data directory",
                             directory)};
  }
  if (!S_ISDIR(status.st_mode)) {
    return Error{ErrorKind::invalid_input, fmt::format("{} is not a directory", directory)};
  }
  const bool sticky = (status.st_mode & S_ISVTX) != 0;
  if ((status.st_mode & S_IWOTH) != 0 && !sticky) {
    return Error{ErrorKind::permission_denied,
                 fmt::format("everybody can write to the directory {}, so anybody could replace "
                             "the database in it; run: chmod o-w {}",
                             directory, directory)};
  }
  struct statfs system {};
  if (::statfs(directory.c_str(), &system) != 0) {
    return system_error("looking at the file system of", directory, errno);
  }
  if (is_network_filesystem(static_cast<std::int64_t>(system.f_type))) {
    return Error{ErrorKind::invalid_input,
                 fmt::format("{} is on a network file system, whose locks and syncs SQLite cannot "
                             "rely on; use a local disk, or PostgreSQL for several machines",
                             directory)};
  }
  return {};
}

/** Makes the new name survive a loss of power. */
Result<void> sync_directory(const std::string& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return system_error("opening the directory", directory, errno);
  const int code = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (code != 0) return system_error("syncing the directory", directory, code);
  return {};
}

Result<void> check_file(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return system_error("looking at", path, errno);
  if (!S_ISREG(status.st_mode)) {
    return Error{ErrorKind::invalid_input,
                 fmt::format("{} is not a regular file; name the database file itself", path)};
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{ErrorKind::permission_denied,
                 fmt::format("{} can be read or written by others (mode {:04o}); run: chmod 600 {}",
                             path, status.st_mode & 07777U, path)};
  }
  return {};
}

}  // namespace

Result<void> prepare_sqlite_file(const std::string& path) {
  const std::string directory = directory_of(path);
  if (Result<void> usable = check_directory(directory); !usable) return usable;
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor >= 0) {
    ::close(descriptor);
    return sync_directory(directory);
  }
  if (errno != EEXIST) return system_error("creating", path, errno);
  return check_file(path);
}

bool is_network_filesystem(std::int64_t statfs_type) noexcept {
  constexpr std::int64_t kNfs = 0x6969;
  constexpr std::int64_t kSmb = 0x517b;
  constexpr std::int64_t kCifs = 0xff534d42;
  constexpr std::int64_t kSmb2 = 0xfe534d42;
  constexpr std::int64_t kAfs = 0x5346414f;
  constexpr std::int64_t k9p = 0x01021997;
  // The kernel's field may be a sign-extended 32-bit number.
  const std::int64_t type = statfs_type & 0xffffffff;
  return type == kNfs || type == kSmb || type == kCifs || type == kSmb2 || type == kAfs ||
         type == k9p;
}

std::optional<FileIdentity> identity_of(const std::string& path) noexcept {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino};
}

}  // namespace holdfast
