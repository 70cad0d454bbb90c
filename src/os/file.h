// Files: read whole, with a bound and a clear error; secrets only from files that nobody else can
// read; written so that after a crash the old content or the new one is there, never a part.
// Thread rule: any thread. The calls block; on the I/O thread they belong to the start only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "os/secret.h"

namespace holdfast {

/** The content of a regular file (through symbolic links). not_found, permission_denied, or
    invalid_input when it is no regular file or longer than `bytes_max`; every message names the
    path. */
Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max);

/** What becomes of the line ends after a password or a token. */
enum class TrailingNewline : std::uint8_t {
  keep = 0,
  /** One "\n" or "\r\n" at the very end is dropped. */
  strip,
};

/** As read_file, straight into locked memory. The file that the path leads to must belong to this
    process's user or to root and give no right to group or others; otherwise permission_denied,
    with the chmod that mends it. */
Result<Secret> read_secret_file(const std::filesystem::path& path, std::size_t bytes_max,
                                TrailingNewline newline);

/** The check of read_secret_file alone, for files that another library opens (a TLS key). */
Result<void> check_secret_file(const std::filesystem::path& path);

enum class FileAccess : std::uint8_t {
  /** 0600 */
  owner_only = 0,
  /** 0644 */
  readable_by_all,
};

enum class IfFileExists : std::uint8_t {
  /** invalid_input, and the file stays as it is. */
  refuse = 0,
  replace,
};

/** Writes a file at once: a temporary one beside it, fsync, rename, fsync of the directory. When
    it returns without an error the content is durable under its name; with one, the name has its
    old content or the new one, and no temporary file is left. */
Result<void> write_file_atomically(const std::filesystem::path& path, ByteView content,
                                   FileAccess access, IfFileExists if_exists);

/** A file that is too long to be held in memory, written as write_file_atomically does it. */
class AtomicFile {
 public:
  /** With IfFileExists::refuse, invalid_input at once when the path is taken. */
  static Result<AtomicFile> create(const std::filesystem::path& path, FileAccess access,
                                   IfFileExists if_exists);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  /** Without commit(): nothing is left of it. */
  ~AtomicFile();

  /** Appends. */
  Result<void> write(ByteView content);
  /** Makes all that was written durable under the path. Called once, last. */
  Result<void> commit();

 private:
  struct Impl;
  explicit AtomicFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/** Appends to a file for its owner's eyes only, which is made if it is not there. When it returns
    without an error the text is durable; with one, it may be there in part. One call's text does
   not mix with another's. */
Result<void> append_to_file(const std::filesystem::path& path, std::string_view text);

/** Makes the directory (and those above it) with access for the owner only, unless it is there.
    Its existing permissions are left alone. */
Result<void> make_private_directory(const std::filesystem::path& path);

}  // namespace holdfast
