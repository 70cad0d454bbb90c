// FileJournal: the daemon's journal, a file of its own in the data directory. docs/JOURNAL.md
// describes the file and what a crash, a full disk or damage does to it.
//
// A thread of its own writes; everything that waits becomes one block with one fsync. From time to
// time the file is written anew from the memory, without what no longer counts; then old releases
// give way to watermarks, in the memory as in the file.
//
// Invariant: S8.
// Thread rule: the I/O thread; answers come there by way of `post`.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/random.h"
#include "store/journal/journal.h"
#include "store/journal/journal_file.h"
#include "store/journal/journal_writer.h"

namespace holdfast {

struct FileJournalSettings {
  /** The data directory; made with access for the owner only if absent. */
  std::filesystem::path directory;
  /** 1 to 1024 bytes; names the file. */
  std::string node_id;
  /** A file as large as this is written anew. Where that leaves more than half of it, the next
      time is at twice what is left. */
  std::size_t rotate_at_bytes = std::size_t{8} << 20U;
  /** How many releases a rewrite keeps for each validator and duty type; at least 2. */
  std::size_t releases_max = 4096;
};

class FileJournal final : public Journal {
 public:
  using Post = std::function<void(std::function<void()>)>;

  /** Takes the lock, reads the journal or makes a new one, and cuts off the remains of an
      interrupted write. The errors of JournalFile::open. `random` is used during the call only;
      `post` may be called from any thread, until close() returns. Blocks. */
  static Result<std::unique_ptr<FileJournal>> open(FileJournalSettings settings,
                                                   RandomSource& random, Post post);

  /** Of what JournalFile::open gave; starts the thread. open() is how one is made. */
  FileJournal(FileJournalSettings settings, JournalFile::Opened opened, Post post);

  /** What the journal remembers, while a signer may have it open: without the lock, and nothing is
      mended. not_found when the node has none. Blocks. */
  static Result<NodeMemory> read_only(const FileJournalSettings& settings);

  /** close() */
  ~FileJournal() override;

  /** Writes what was handed in, ends the thread and releases the lock. Answers that were not given
      are posted by then. What is handed in later is refused with unavailable. Blocks. */
  void close();

  JournalIdentity identity() const override;
  const std::filesystem::path& path() const noexcept { return path_; }
  /** The file was made by open(). */
  bool is_new() const noexcept { return is_new_; }
  /** How much open() cut off. */
  std::size_t repaired_bytes() const noexcept { return repaired_bytes_; }

 protected:
  void do_write(std::vector<JournalEntry> entries, std::function<void(Result<void>)> done) override;

 private:
  /** What the writer has reported. Shared with reports that are still on their way when the
      journal is gone. */
  struct Progress;

  void rewrite();

  const FileJournalSettings settings_;
  const std::filesystem::path path_;
  const std::string journal_id_;
  const bool is_new_;
  const std::size_t repaired_bytes_;
  const std::shared_ptr<Progress> progress_;
  std::unique_ptr<JournalWriter> writer_;
};

}  // namespace holdfast
