#include "os/file_system.h"

#include <sys/stat.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <linux/magic.h>

namespace holdfast {
namespace {

// Not all kernels' headers have these.
constexpr std::uint32_t kCifs = 0xff534d42;
constexpr std::uint32_t kSmb2 = 0xfe534d42;
constexpr std::uint32_t kCeph = 0x00c36400;
constexpr std::uint32_t kXfs = 0x58465342;
constexpr std::uint32_t kZfs = 0x2fc12fc1;

struct KnownKind {
  std::uint32_t magic;
  FileSystemKind kind;
};
constexpr std::array<KnownKind, 13> kKnownKinds = {{
    {TMPFS_MAGIC, FileSystemKind::memory},
    {RAMFS_MAGIC, FileSystemKind::memory},
    {OVERLAYFS_SUPER_MAGIC, FileSystemKind::container_layer},
    {NFS_SUPER_MAGIC, FileSystemKind::network},
    {kCifs, FileSystemKind::network},
    {kSmb2, FileSystemKind::network},
    {kCeph, FileSystemKind::network},
    {V9FS_MAGIC, FileSystemKind::network},
    {EXT4_SUPER_MAGIC, FileSystemKind::disk},
    {BTRFS_SUPER_MAGIC, FileSystemKind::disk},
    {F2FS_SUPER_MAGIC, FileSystemKind::disk},
    {kXfs, FileSystemKind::disk},
    {kZfs, FileSystemKind::disk},
}};

FileSystemKind kind_of(std::uint32_t magic) {
  for (const KnownKind& known : kKnownKinds) {
    if (known.magic == magic) return known.kind;
  }
  return FileSystemKind::unknown;
}

Error error_of(int code, const std::filesystem::path& path) {
  ErrorKind kind = ErrorKind::unknown;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorKind::not_found;
  if (code == EACCES || code == EPERM) kind = ErrorKind::permission_denied;
  return Error{kind, path.string() + ": " + std::strerror(code)};
}

}  // namespace

Result<FileSystemFacts> file_system_of(const std::filesystem::path& directory) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) return error_of(errno, directory);
  if (!S_ISDIR(status.st_mode)) {
    return Error{ErrorKind::invalid_input, directory.string() + " is not a directory"};
  }
  struct statfs system {};
  if (::statfs(directory.c_str(), &system) != 0) return error_of(errno, directory);
  FileSystemFacts facts;
  facts.kind = kind_of(static_cast<std::uint32_t>(system.f_type));
  facts.bytes_free =
      static_cast<std::uint64_t>(system.f_bavail) * static_cast<std::uint64_t>(system.f_bsize);
  const bool is_sticky = (status.st_mode & S_ISVTX) != 0;
  facts.others_may_write = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !is_sticky;
  return facts;
}

}  // namespace holdfast
