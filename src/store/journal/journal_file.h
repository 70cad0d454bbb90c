// JournalFile: the file and its lock, and the only code that writes to it.
//
// Invariants: S8. What append() and rewrite() acknowledged is durable. After a failed fsync nothing
// is appended any more until the file was written anew: the kernel may have dropped what it could
// not write, and a second fsync would not say so.
// Thread rule: one thread at a time; opened on one and moved to another. The calls block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "os/file_descriptor.h"
#include "os/random.h"
#include "store/journal/journal_format.h"

namespace holdfast {

/** The path of a node's journal: "journal-" and the node id, with everything that is not of
    [A-Za-z0-9._-] percent-encoded; a long name is cut and told apart by a hash. */
std::filesystem::path journal_path(const std::filesystem::path& directory,
                                   const std::string& node_id);

/** Reads a journal as it is, without its lock and without mending it. The errors of
    JournalFile::open, and not_found. */
Result<JournalScan> look_at_journal(const std::filesystem::path& path, const std::string& node_id);

class JournalFile {
 public:
  /** Takes the lock and reads the journal, or makes one where there is none; cuts off the remains
      of an interrupted write. All that it returns is durable.
      - unavailable: another process has it open, or the disk fails;
      - corrupt: the file is damaged; nothing was changed;
      - schema_mismatch: written by a newer program;
      - invalid_input: of another node, a symbolic link, or no file;
      - permission_denied: others may read it, or write to its directory. */
  struct Opened;
  static Result<Opened> open(const std::filesystem::path& directory, const std::string& node_id,
                             RandomSource& random);

  /** Adds one block and makes it durable. After an error nothing of it counts, but it may come
      back when the file is read again. */
  Result<void> append(ByteView payload);

  /** Replaces the content by these payloads, one block each (at least one, CHECK). After an error
      the old content stays, unless needs_rewrite(). */
  Result<void> rewrite(const std::vector<Bytes>& payloads);

  /** True after a failure that only a rewrite mends; append() refuses until then. */
  bool needs_rewrite() const noexcept { return broken_.has_value(); }
  /** For entries that no block can have any more. */
  void demand_rewrite(std::string why) { broken_ = std::move(why); }
  /** Of the last durable block. */
  std::uint64_t sequence() const noexcept { return durable_sequence_; }
  std::size_t size() const noexcept { return size_; }
  const JournalId& journal_id() const noexcept { return header_.journal_id; }
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  JournalFile(std::filesystem::path path, FileDescriptor lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  Result<void> create(const std::string& node_id, RandomSource& random);
  Result<JournalScan> load(const std::string& node_id);
  Result<void> replace_by(const Bytes& content);
  Result<void> check_in_place() const;
  void roll_back();

  std::filesystem::path path_;
  FileDescriptor lock_;
  FileDescriptor file_;
  JournalHeader header_;
  std::size_t size_ = 0;
  std::uint64_t durable_sequence_ = 0;
  /** Never given to another block, though it may not have become durable. */
  std::uint64_t used_sequence_ = 0;
  /** Why it must be written anew. */
  std::optional<std::string> broken_;
};

struct JournalFile::Opened {
  JournalFile file;
  std::vector<JournalEntry> entries;
  bool is_new = false;
  /** The remains of an interrupted write that were cut off. */
  std::size_t repaired_bytes = 0;
};

}  // namespace holdfast
