#include "disk_faults.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"

namespace holdfast::test {
namespace {

using Content = std::vector<char>;

struct Disk {
  DiskFault fault = DiskFault::none;
  std::size_t at_call = 0;
  std::size_t calls = 0;
  /** By inode, what is on the disk for sure. */
  std::map<ino_t, Content> synced;
  /** The descriptors that wrote to a file since its last sync. */
  std::map<ino_t, int> unsynced;
  /** A rename that the directory does not have yet: the name and its content before. */
  std::optional<std::pair<std::string, Content>> renamed;
};

Disk& disk() {
  static Disk disk;
  return disk;
}

ssize_t real_write(int file, const void* bytes, std::size_t size, off_t offset) {
  return ::syscall(SYS_pwrite64, file, bytes, size, offset);
}

int real_truncate(int file, off_t length) {
  return static_cast<int>(::syscall(SYS_ftruncate, file, length));
}

std::optional<struct stat> regular(int file) {
  struct stat facts {};
  if (::fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  return facts;
}

Content content_of(int file) {
  struct stat facts {};
  CHECK(::fstat(file, &facts) == 0);
  Content content(static_cast<std::size_t>(facts.st_size));
  if (content.empty()) return content;
  CHECK(::pread(file, content.data(), content.size(), 0) == facts.st_size);
  return content;
}

void set_content(int file, const Content& content) {
  CHECK(real_truncate(file, 0) == 0);
  if (content.empty()) return;
  CHECK(real_write(file, content.data(), content.size(), 0) ==
        static_cast<ssize_t>(content.size()));
}

void lose_unsynced(ino_t inode, int file) {
  const auto found = disk().synced.find(inode);
  set_content(file, found == disk().synced.end() ? Content() : found->second);
}

[[noreturn]] void lose_power() {
  for (const auto& [inode, file] : disk().unsynced) {
    const auto facts = regular(file);
    if (facts && facts->st_ino == inode) lose_unsynced(inode, file);
  }
  if (disk().fault == DiskFault::power_loss_before_rename && disk().renamed) {
    const auto& [name, content] = *disk().renamed;
    const int file = ::open(name.c_str(), O_WRONLY | O_CLOEXEC);
    CHECK(file >= 0);
    set_content(file, content);
  }
  ::_exit(9);
}

/** Counts a call; the errno that it fails with, or 0. `half` does half of it. */
template <class Half>
int meet_fault(const Half& half) {
  Disk& d = disk();
  const std::size_t call = ++d.calls;
  const std::size_t last = d.at_call + (d.fault == DiskFault::io_errors ? 4 : 0);
  if (call < d.at_call || call > last) return 0;
  switch (d.fault) {
    case DiskFault::none:
      return 0;
    case DiskFault::io_error:
    case DiskFault::io_errors:
      return EIO;
    case DiskFault::disk_full:
      half();
      return ENOSPC;
    case DiskFault::killed_half_way:
      half();
      ::_exit(9);
    case DiskFault::killed:
      ::_exit(9);
    case DiskFault::power_loss:
    case DiskFault::power_loss_before_rename:
      lose_power();
  }
  return 0;
}

int sync(int file) {
  Disk& d = disk();
  const auto facts = regular(file);
  if (const int code = meet_fault([] {})) {
    if (facts) lose_unsynced(facts->st_ino, file);
    errno = code;
    return -1;
  }
  if (facts) {
    d.synced[facts->st_ino] = content_of(file);
    d.unsynced.erase(facts->st_ino);
  } else {
    d.renamed.reset();
  }
  return 0;
}

}  // namespace

std::string_view name_of(DiskFault fault) {
  switch (fault) {
    case DiskFault::none:
      return "none";
    case DiskFault::io_error:
      return "io_error";
    case DiskFault::disk_full:
      return "disk_full";
    case DiskFault::io_errors:
      return "io_errors";
    case DiskFault::killed:
      return "killed";
    case DiskFault::killed_half_way:
      return "killed_half_way";
    case DiskFault::power_loss:
      return "power_loss";
    case DiskFault::power_loss_before_rename:
      return "power_loss_before_rename";
  }
  return "unknown";
}

void set_disk_fault(DiskFault fault, std::size_t call) {
  disk().fault = fault;
  disk().at_call = call;
  disk().calls = 0;
}

std::size_t disk_calls() {
  return disk().calls;
}

}  // namespace holdfast::test

using holdfast::test::disk;
using holdfast::test::meet_fault;

extern "C" {

ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
  if (const auto facts = holdfast::test::regular(file)) disk().unsynced[facts->st_ino] = file;
  const auto half = [&] { holdfast::test::real_write(file, bytes, size / 2, offset); };
  if (const int code = meet_fault(half)) {
    errno = code;
    return -1;
  }
  return holdfast::test::real_write(file, bytes, size, offset);
}

int ftruncate(int file, off_t length) noexcept {
  if (const auto facts = holdfast::test::regular(file)) disk().unsynced[facts->st_ino] = file;
  if (const int code = meet_fault([] {})) {
    errno = code;
    return -1;
  }
  return holdfast::test::real_truncate(file, length);
}

int fsync(int file) {
  return holdfast::test::sync(file);
}

int fdatasync(int file) {
  return holdfast::test::sync(file);
}

int rename(const char* from, const char* to) noexcept {
  if (const int code = meet_fault([] {})) {
    errno = code;
    return -1;
  }
  const int before = ::open(to, O_RDONLY | O_CLOEXEC);
  if (before >= 0) {
    disk().renamed.emplace(to, holdfast::test::content_of(before));
    ::close(before);
  }
  return static_cast<int>(::syscall(SYS_rename, from, to));
}
}
