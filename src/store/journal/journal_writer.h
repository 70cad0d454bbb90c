// JournalWriter: the thread that writes the journal. What waits becomes one block (group commit).
//
// What failed is not lost: it goes before the next block, so that the file never lacks an entry
// that is older than one it has.
// Invariant: S8, an answer without an error is given only after the fsync.
// Thread rule: push and close on the I/O thread; reports are posted to it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "store/journal/journal_file.h"

namespace holdfast {

struct JournalJob {
  /** Entries to add. */
  Bytes payload;
  /** Everything that was handed in so far, as the file's new content; empty: none. The payload
      must be empty then. */
  std::vector<Bytes> snapshot;
  /** Empty: nobody waits. */
  std::function<void(Result<void>)> done;
};

/** How the file is after a block or a rewrite. */
struct JournalReport {
  enum class Work : std::uint8_t { unknown = 0, append, rewrite };
  Work work = Work::unknown;
  bool succeeded = false;
  bool needs_rewrite = false;
  std::size_t size = 0;
  std::uint64_t sequence = 0;
};

class JournalWriter {
 public:
  using Post = std::function<void(std::function<void()>)>;

  /** `reported` is called on the I/O thread, by way of `post`, before the answers of the block. It
      may be called after this object is gone. */
  JournalWriter(JournalFile file, Post post, std::function<void(const JournalReport&)> reported);
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;
  /** close() */
  ~JournalWriter();

  /** Jobs are done in the order of the calls. After close() the answer is unavailable. */
  void push(JournalJob job);

  /** Writes what was handed in, joins the thread and releases the lock. */
  void close();

 private:
  struct Batch {
    std::vector<JournalJob> jobs;
    bool stop = false;
  };

  void run();
  Batch take_batch();
  bool must_wake() const;
  void write_batch(std::vector<JournalJob> jobs);
  void rewrite(JournalJob job);
  void give(JournalReport::Work work, Result<void> result, std::vector<JournalJob> jobs);

  const std::string path_;
  const Post post_;
  const std::function<void(const JournalReport&)> reported_;
  std::optional<JournalFile> file_;  // the thread's own
  Bytes carried_;                    // the thread's own: entries of blocks that failed

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<JournalJob> queue_;  // guarded by mutex_
  std::size_t queued_bytes_ = 0;  // guarded by mutex_
  bool somebody_waits_ = false;   // guarded by mutex_
  bool stopping_ = false;         // guarded by mutex_

  std::thread thread_;
};

}  // namespace holdfast
