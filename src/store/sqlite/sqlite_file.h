// The database file as the operating system sees it: made for its owner only, on a local disk,
// and still the same file as when it was opened (S4). Thread rule: any thread; the calls block.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace holdfast {

/** Makes sure that the file is there and that nobody but its owner can read or write it:
    - its directory must exist and must not be writable by everybody;
    - a file that is not there is made, empty, with mode 0600, durably;
    - a file that is there must be a regular file (no symbolic link) without any right for group
      or others, on a file system whose locks SQLite can rely on (no NFS, no SMB).
    Never opens a file that is there: closing it would drop the locks that SQLite holds on it in
    this process. */
Result<void> prepare_sqlite_file(const std::string& path);

/** True for the network file systems that statfs(2) can tell. */
bool is_network_filesystem(std::int64_t statfs_type) noexcept;

/** Which file a path leads to: device and inode. */
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/** nullopt when there is no such file. */
std::optional<FileIdentity> identity_of(const std::string& path) noexcept;

}  // namespace holdfast
