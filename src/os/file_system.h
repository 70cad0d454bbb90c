// What kind of file system a path is on: whether it keeps what was synced.
// Thread rule: any thread; the call blocks.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace holdfast {

enum class FileSystemKind : std::uint8_t {
  unknown = 0,
  /** A restart of the machine empties it. */
  memory,
  /** The writable layer of a container, which goes with it. */
  container_layer,
  /** Another machine keeps it, and other machines may have it open, too. */
  network,
  /** A disk of this machine, as far as it can be told. */
  disk,
};

struct FileSystemFacts {
  FileSystemKind kind = FileSystemKind::unknown;
  /** What this process's user can still write. */
  std::uint64_t bytes_free = 0;
  /** Somebody else than the owner may add and remove files in it. */
  bool others_may_write = false;
};

/** Of a directory. not_found, permission_denied, or invalid_input when it is no directory. */
Result<FileSystemFacts> file_system_of(const std::filesystem::path& directory);

}  // namespace holdfast
