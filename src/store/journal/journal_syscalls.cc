#include "store/journal/journal_syscalls.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "os/file.h"

namespace holdfast::journal_os {
namespace {

std::string reason_of(int code) {
  if (code == ENOSPC) return "the disk is full";
  if (code == EDQUOT) return "the disk quota is used up";
  if (code == EFBIG) return "the limit on the size of files is reached";
  if (code == EIO) return "the disk reports an I/O error";
  if (code == EROFS) return "the file system is read-only";
  return std::strerror(code);
}

/** What take_lock wrote; "unknown" between the lock and the writing. */
std::string holder_of(const FileDescriptor& lock) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(lock.number(), text.data(), text.size(), 0);
  std::string holder;
  for (ssize_t at = 0; at < size && text[static_cast<std::size_t>(at)] >= '0' &&
                       text[static_cast<std::size_t>(at)] <= '9';
       ++at) {
    holder += text[static_cast<std::size_t>(at)];
  }
  return holder.empty() ? "unknown" : holder;
}

Result<void> check_private(const FileDescriptor& file, const std::filesystem::path& path) {
  struct stat facts {};
  if (::fstat(file.number(), &facts) != 0) return failure("look at", path, errno);
  if (!S_ISREG(facts.st_mode)) {
    return Error{ErrorKind::invalid_input, fmt::format("{} is not a regular file", path.string())};
  }
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{ErrorKind::permission_denied,
                 fmt::format("{} can be read or written by others (mode {:04o}); run: chmod 600 {}",
                             path.string(), facts.st_mode & 07777U, path.string())};
  }
  return {};
}

}  // namespace

Error failure(std::string_view doing, const std::filesystem::path& path, int code) {
  ErrorKind kind = ErrorKind::unavailable;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorKind::not_found;
  if (code == EACCES || code == EPERM || code == EROFS) kind = ErrorKind::permission_denied;
  if (code == ENAMETOOLONG || code == EISDIR) kind = ErrorKind::invalid_input;
  if (code == ELOOP) {
    return {
        ErrorKind::invalid_input,
        fmt::format("{} is a symbolic link; name the directory of the file itself", path.string())};
  }
  return {kind, fmt::format("cannot {} {}: {}", doing, path.string(), reason_of(code))};
}

Result<void> prepare_directory(const std::filesystem::path& directory) {
  if (Result<void> made = make_private_directory(directory); !made) return made;
  struct stat facts {};
  if (::stat(directory.c_str(), &facts) != 0) return failure("look at", directory, errno);
  if ((facts.st_mode & S_IWOTH) != 0 && (facts.st_mode & S_ISVTX) == 0) {
    return Error{ErrorKind::permission_denied,
                 fmt::format("everybody can write to the directory {}, so anybody could replace "
                             "the journal in it; run: chmod o-w {}",
                             directory.string(), directory.string())};
  }
  return {};
}

Result<void> sync_directory(const std::filesystem::path& directory) {
  const FileDescriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() < 0) return failure("open the directory", directory, errno);
  while (::fsync(opened.number()) != 0) {
    if (errno != EINTR) return failure("sync the directory", directory, errno);
  }
  return {};
}

Result<FileDescriptor> take_lock(const std::filesystem::path& path, const std::string& node_id) {
  FileDescriptor lock(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (lock.number() < 0) return failure("open", path, errno);
  if (Result<void> ours = check_private(lock, path); !ours) return std::move(ours).error();
  while (::flock(lock.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return failure("lock", path, errno);
    return Error{ErrorKind::unavailable,
                 fmt::format("another process (pid {}) has the journal of node {} open: two "
                             "signers with one node id on one data directory; stop one of them, "
                             "or give it a node id and a data directory of its own",
                             holder_of(lock), node_id)};
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  // The number is for the message above only; without it the lock holds all the same.
  if (::ftruncate(lock.number(), 0) == 0) {
    [[maybe_unused]] const ssize_t put = ::pwrite(lock.number(), pid.data(), pid.size(), 0);
  }
  return lock;
}

Result<FileDescriptor> open_private(const std::filesystem::path& path, int flags) {
  // O_NONBLOCK: opening a FIFO must not wait for its other end.
  FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (file.number() < 0) return failure("open", path, errno);
  if (Result<void> ours = check_private(file, path); !ours) return std::move(ours).error();
  return file;
}

Result<FileDescriptor> create_private(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failure("remove", path, errno);
  FileDescriptor file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.number() < 0) return failure("make", path, errno);
  return file;
}

Result<Bytes> read_all(const FileDescriptor& file, const std::filesystem::path& path) {
  struct stat facts {};
  if (::fstat(file.number(), &facts) != 0) return failure("look at", path, errno);
  Bytes content(static_cast<std::size_t>(facts.st_size));
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = ::pread(file.number(), content.data() + size, content.size() - size,
                                static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure("read", path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  content.resize(size);
  return content;
}

Result<void> write_at(const FileDescriptor& file, const std::filesystem::path& path,
                      std::size_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t put =
        ::pwrite(file.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failure("write to", path, errno);
    if (put == 0) return failure("write to", path, EIO);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::size_t>(put);
  }
  return {};
}

Result<void> sync_data(const FileDescriptor& file, const std::filesystem::path& path) {
  while (::fdatasync(file.number()) != 0) {
    if (errno != EINTR) return failure("sync", path, errno);
  }
  return {};
}

Result<void> cut_off(const FileDescriptor& file, const std::filesystem::path& path,
                     std::size_t length) {
  while (::ftruncate(file.number(), static_cast<off_t>(length)) != 0) {
    if (errno != EINTR) return failure("shorten", path, errno);
  }
  return sync_data(file, path);
}

bool is_in_place(const FileDescriptor& file, const std::filesystem::path& path) {
  struct stat open_one {};
  struct stat named {};
  if (::fstat(file.number(), &open_one) != 0 || ::lstat(path.c_str(), &named) != 0) return false;
  return open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

}  // namespace holdfast::journal_os
