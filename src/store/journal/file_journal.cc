#include "store/journal/file_journal.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/hex.h"

namespace holdfast {
namespace {

/** How much of a rewrite goes into one block. */
constexpr std::size_t kSnapshotBlock = 1U << 20U;

std::vector<Bytes> payloads_of(const std::vector<JournalEntry>& entries) {
  std::vector<Bytes> payloads(1);
  for (const JournalEntry& entry : entries) {
    if (payloads.back().size() >= kSnapshotBlock) payloads.emplace_back();
    append_entry(payloads.back(), entry);
  }
  return payloads;
}

}  // namespace

struct FileJournal::Progress {
  std::size_t rotate_at_bytes = 0;
  /** The file is written anew when it has this size. */
  std::size_t limit = 0;
  std::size_t size = 0;
  std::uint64_t sequence = 0;
  bool needs_rewrite = false;
  bool rewriting = false;

  void take(const JournalReport& report) {
    size = report.size;
    sequence = report.sequence;
    needs_rewrite = report.needs_rewrite;
    if (report.work != JournalReport::Work::rewrite) return;
    rewriting = false;
    if (!report.succeeded) {
      // Trying again with every block would fill a full disk once more each time.
      limit = size + rotate_at_bytes / 4;
    } else {
      limit = size > rotate_at_bytes / 2 ? 2 * size : rotate_at_bytes;
    }
  }

  bool wants_rewrite() const { return !rewriting && (needs_rewrite || size >= limit); }
};

Result<std::unique_ptr<FileJournal>> FileJournal::open(FileJournalSettings settings,
                                                       RandomSource& random, Post post) {
  CHECK(settings.releases_max >= 2);
  Result<JournalFile::Opened> opened =
      JournalFile::open(settings.directory, settings.node_id, random);
  if (!opened) return std::move(opened).error();
  return std::make_unique<FileJournal>(std::move(settings), *std::move(opened), std::move(post));
}

Result<NodeMemory> FileJournal::read_only(const FileJournalSettings& settings) {
  const Result<JournalScan> scan =
      look_at_journal(journal_path(settings.directory, settings.node_id), settings.node_id);
  if (!scan) return Error(scan.error());
  NodeMemory memory;
  for (const JournalEntry& entry : scan->entries) memory.apply(entry);
  return memory;
}

FileJournal::FileJournal(FileJournalSettings settings, JournalFile::Opened opened, Post post)
    : settings_(std::move(settings)),
      path_(opened.file.path()),
      journal_id_(to_hex(opened.file.journal_id().view()).substr(2)),
      is_new_(opened.is_new),
      repaired_bytes_(opened.repaired_bytes),
      progress_(std::make_shared<Progress>()) {
  for (const JournalEntry& entry : opened.entries) restored_memory().apply(entry);
  progress_->rotate_at_bytes = settings_.rotate_at_bytes;
  progress_->limit = settings_.rotate_at_bytes;
  progress_->size = opened.file.size();
  progress_->sequence = opened.file.sequence();
  writer_ = std::make_unique<JournalWriter>(
      std::move(opened.file), std::move(post),
      [progress = progress_](const JournalReport& report) { progress->take(report); });
}

FileJournal::~FileJournal() {
  close();
}

void FileJournal::close() {
  if (progress_->needs_rewrite && !progress_->rewriting) rewrite();
  writer_->close();
}

JournalIdentity FileJournal::identity() const {
  return {journal_id_, progress_->sequence};
}

void FileJournal::do_write(std::vector<JournalEntry> entries,
                           std::function<void(Result<void>)> done) {
  if (progress_->wants_rewrite()) rewrite();
  JournalJob job;
  for (const JournalEntry& entry : entries) append_entry(job.payload, entry);
  job.done = std::move(done);
  writer_->push(std::move(job));
}

void FileJournal::rewrite() {
  // All that was handed in so far is in the memory, and what is handed in from now on comes after
  // this job. So is the entry at hand, and to have it twice changes nothing.
  const std::vector<JournalEntry> entries = memory().compacted(settings_.releases_max);
  NodeMemory compacted;
  for (const JournalEntry& entry : entries) compacted.apply(entry);
  restored_memory() = std::move(compacted);
  progress_->rewriting = true;
  JournalJob job;
  job.snapshot = payloads_of(entries);
  writer_->push(std::move(job));
}

}  // namespace holdfast
