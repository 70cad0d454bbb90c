#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <linux/fs.h>

#include "os/file_descriptor.h"

namespace holdfast {
namespace {

struct OpenFile {
  FileDescriptor descriptor;
  struct stat facts {};
};

Error system_error(const std::filesystem::path& path, std::string_view doing, int error) {
  ErrorKind kind = ErrorKind::unavailable;
  if (error == ENOENT || error == ENOTDIR) kind = ErrorKind::not_found;
  if (error == EACCES || error == EPERM || error == EROFS) kind = ErrorKind::permission_denied;
  if (error == ELOOP || error == ENAMETOOLONG || error == EISDIR) kind = ErrorKind::invalid_input;
  return Error{kind, fmt::format("{}: cannot {} it: {}", path.string(), doing, strerror(error))};
}

Result<OpenFile> open_regular(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  FileDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (descriptor.number() < 0) return system_error(path, "open", errno);
  OpenFile file{std::move(descriptor)};
  if (fstat(file.descriptor.number(), &file.facts) != 0) return system_error(path, "read", errno);
  if (!S_ISREG(file.facts.st_mode)) {
    return Error{ErrorKind::invalid_input, fmt::format("{}: is not a regular file", path.string())};
  }
  return file;
}

Result<void> write_all(const std::filesystem::path& path, const FileDescriptor& descriptor,
                       ByteView content) {
  while (!content.empty()) {
    const ssize_t put = ::write(descriptor.number(), content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_error(path, "write", errno);
    content = content.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> sync_file(const std::filesystem::path& path, const FileDescriptor& descriptor) {
  if (fsync(descriptor.number()) != 0) return system_error(path, "write", errno);
  return {};
}

Error too_long(const std::filesystem::path& path, std::size_t bytes_max) {
  return Error{
      ErrorKind::invalid_input,
      fmt::format("{}: is longer than the {} bytes that are read", path.string(), bytes_max)};
}

/** Reads until `into` is full or the file ends; how many bytes that were. */
Result<std::size_t> read_into(const std::filesystem::path& path, const FileDescriptor& descriptor,
                              std::span<std::uint8_t> into) {
  std::size_t size = 0;
  while (size < into.size()) {
    const ssize_t got = ::read(descriptor.number(), into.data() + size, into.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, "read", errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return size;
}

Result<void> check_owner_only(const std::filesystem::path& path, const struct stat& facts) {
  if (facts.st_uid != geteuid() && facts.st_uid != 0) {
    return Error{ErrorKind::permission_denied,
                 fmt::format("{}: holds a secret but belongs to another user (uid {}): it must "
                             "belong to the user that runs holdfast (uid {}) or to root",
                             path.string(), facts.st_uid, geteuid())};
  }
  if ((facts.st_mode & 077) != 0) {
    return Error{ErrorKind::permission_denied,
                 fmt::format("{}: holds a secret but its mode {:04o} gives rights to group or "
                             "others: run `chmod 600 {}`",
                             path.string(), facts.st_mode & 07777, path.string())};
  }
  return {};
}

Error exists_already(const std::filesystem::path& path) {
  return {ErrorKind::invalid_input,
          fmt::format("{}: exists already and is not overwritten", path.string())};
}

/** A file under a temporary name, which is removed unless it was renamed. */
class TemporaryFile {
 public:
  TemporaryFile(int number, std::string name) : descriptor_(number), name_(std::move(name)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!renamed_) ::unlink(name_.c_str());
  }

  Result<void> set_access(const std::filesystem::path& path, FileAccess access) {
    const mode_t mode = access == FileAccess::readable_by_all ? 0644 : 0600;
    if (fchmod(descriptor_.number(), mode) != 0) return system_error(path, "write", errno);
    return {};
  }

  Result<void> write(const std::filesystem::path& path, ByteView content) {
    return write_all(path, descriptor_, content);
  }

  Result<void> sync(const std::filesystem::path& path) { return sync_file(path, descriptor_); }

  Result<void> rename_to(const std::filesystem::path& path, IfFileExists if_exists) {
    const unsigned flags = if_exists == IfFileExists::refuse ? RENAME_NOREPLACE : 0U;
    if (renameat2(AT_FDCWD, name_.c_str(), AT_FDCWD, path.c_str(), flags) != 0) {
      if (errno == EEXIST) {
        return exists_already(path);
      }
      return system_error(path, "write", errno);
    }
    renamed_ = true;
    return {};
  }

 private:
  FileDescriptor descriptor_;
  std::string name_;
  bool renamed_ = false;
};

Result<void> sync_directory(const std::filesystem::path& directory) {
  const FileDescriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.number() < 0 || fsync(descriptor.number()) != 0) {
    return system_error(directory, "sync", errno);
  }
  return {};
}

std::filesystem::path directory_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
  Result<OpenFile> file = open_regular(path);
  if (!file) return std::move(file).error();
  if (static_cast<std::uintmax_t>(file->facts.st_size) > bytes_max)
    return too_long(path, bytes_max);
  // Files of /proc and the like say that they are empty; one byte more than fits finds out.
  const auto stated = static_cast<std::size_t>(file->facts.st_size);
  std::string content(stated > 0 ? stated + 1 : bytes_max + 1, '\0');
  Result<std::size_t> size = read_into(
      path, file->descriptor, {reinterpret_cast<std::uint8_t*>(content.data()), content.size()});
  if (!size) return std::move(size).error();
  if (*size > bytes_max || *size == content.size()) return too_long(path, bytes_max);
  content.resize(*size);
  return content;
}

Result<Secret> read_secret_file(const std::filesystem::path& path, std::size_t bytes_max,
                                TrailingNewline newline) {
  Result<OpenFile> file = open_regular(path);
  if (!file) return std::move(file).error();
  if (Result<void> ours = check_owner_only(path, file->facts); !ours) {
    return std::move(ours).error();
  }
  if (static_cast<std::uintmax_t>(file->facts.st_size) > bytes_max)
    return too_long(path, bytes_max);
  Result<Secret> secret = Secret::zeros(static_cast<std::size_t>(file->facts.st_size));
  if (!secret) return std::move(secret).error().within(path.string());
  Result<std::size_t> size = read_into(path, file->descriptor, secret->mutable_view());
  if (!size) return std::move(size).error();
  std::size_t keep = *size;
  if (newline == TrailingNewline::strip) {
    const std::string_view text = secret->text();
    if (keep > 0 && text[keep - 1] == '\n') --keep;
    if (keep < *size && keep > 0 && text[keep - 1] == '\r') --keep;
  }
  secret->truncate(keep);
  return secret;
}

Result<void> check_secret_file(const std::filesystem::path& path) {
  const Result<OpenFile> file = open_regular(path);
  if (!file) return Error(file.error());
  return check_owner_only(path, file->facts);
}

struct AtomicFile::Impl {
  Impl(std::filesystem::path for_path, int number, std::string name, IfFileExists on_existing)
      : path(std::move(for_path)), temporary(number, std::move(name)), if_exists(on_existing) {}

  std::filesystem::path path;
  TemporaryFile temporary;
  IfFileExists if_exists;
};

AtomicFile::AtomicFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AtomicFile::AtomicFile(AtomicFile&& other) noexcept = default;
AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept = default;
AtomicFile::~AtomicFile() = default;

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& path, FileAccess access,
                                      IfFileExists if_exists) {
  struct stat facts {};
  if (if_exists == IfFileExists::refuse && ::lstat(path.c_str(), &facts) == 0) {
    return exists_already(path);
  }
  std::string name =
      (directory_of(path) / ("." + path.filename().string() + ".tmp-XXXXXX")).string();
  const int number = mkostemp(name.data(), O_CLOEXEC);
  if (number < 0) return system_error(path, "write", errno);
  AtomicFile file(std::make_unique<Impl>(path, number, std::move(name), if_exists));
  Result<void> set = file.impl_->temporary.set_access(path, access);
  if (!set) return std::move(set).error();
  return file;
}

Result<void> AtomicFile::write(ByteView content) {
  return impl_->temporary.write(impl_->path, content);
}

Result<void> AtomicFile::commit() {
  const std::filesystem::path& path = impl_->path;
  if (Result<void> synced = impl_->temporary.sync(path); !synced) return synced;
  if (Result<void> renamed = impl_->temporary.rename_to(path, impl_->if_exists); !renamed) {
    return renamed;
  }
  return sync_directory(directory_of(path));
}

Result<void> write_file_atomically(const std::filesystem::path& path, ByteView content,
                                   FileAccess access, IfFileExists if_exists) {
  Result<AtomicFile> file = AtomicFile::create(path, access, if_exists);
  if (!file) return std::move(file).error();
  if (Result<void> written = file->write(content); !written) return written;
  return file->commit();
}

Result<void> append_to_file(const std::filesystem::path& path, std::string_view text) {
  const FileDescriptor descriptor(
      ::open(path.c_str(),
             O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600));
  if (descriptor.number() < 0) return system_error(path, "open", errno);
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  Result<void> done = write_all(path, descriptor, {bytes, text.size()});
  if (done) done = sync_file(path, descriptor);
  if (done) done = sync_directory(directory_of(path));
  return done;
}

Result<void> make_private_directory(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  if (path.has_parent_path() && path.parent_path() != path) {
    if (Result<void> above = make_private_directory(path.parent_path()); !above) return above;
  }
  // A name that ends in a slash has an empty last part; the directory is made already.
  if (path.filename().empty()) return {};
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error(path, "make", errno);
  }
  if (!std::filesystem::is_directory(path, error)) {
    return Error{ErrorKind::invalid_input,
                 fmt::format("{}: is there already and is no directory", path.string())};
  }
  return {};
}

}  // namespace holdfast
