// The file is written anew, and the disk is full.
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "journal_fixture.h"

namespace holdfast::test {
namespace {

class JournalRotation : public FileJournalTest {
 protected:
  /** Of the header; another one after each rewrite, while an inode may be used again. */
  std::string base_sequence() const {
    std::ifstream file(path(), std::ios::binary);
    std::string header(32, '\0');
    file.read(header.data(), static_cast<std::streamsize>(header.size()));
    EXPECT_TRUE(file.good());
    return header.substr(24);
  }
  std::size_t size() const { return std::filesystem::file_size(path()); }
};

TEST_F(JournalRotation, AFileThatHasReachedItsLimitIsWrittenAnewWithoutWhatNoLongerCounts) {
  FileJournalSettings small = settings();
  small.rotate_at_bytes = 2'000;
  const auto journal = open(small);
  const std::string journal_id = journal->identity().journal_id;
  const auto rollup = filled_with<RollupAddress>(1);
  std::int64_t slot = 0;
  while (size() < small.rotate_at_bytes) write_ok(*journal, SeenEntry{rollup, Slot(++slot)});
  const std::uint64_t sequence = journal->identity().sequence;
  EXPECT_EQ(sequence, static_cast<std::uint64_t>(slot));

  write_ok(*journal, SeenEntry{rollup, Slot(++slot)});
  EXPECT_LT(size(), 500U);
  EXPECT_EQ(journal->identity().sequence, sequence + 2);
  EXPECT_EQ(journal->identity().journal_id, journal_id);
  EXPECT_EQ(stored(), content_of(journal->memory()));
  EXPECT_EQ(journal->memory().seen().at(rollup), Slot(slot));
  EXPECT_FALSE(std::filesystem::exists(path() + ".new"));
}

TEST_F(JournalRotation, AFileBelowItsLimitIsNotWrittenAnew) {
  FileJournalSettings small = settings();
  const std::size_t empty = encode_file({.journal_id = {}, .node_id = "n1"}, {}).size();
  Bytes payload;
  append_entry(payload, release_at(1));
  const std::size_t block = encode_block({}, 1, payload).size();
  // After three blocks: one byte below the limit, at it, above it.
  for (const auto& [limit, rotated] : {std::pair(empty + 3 * block + 1, false),
                                       {empty + 3 * block, true},
                                       {empty + 3 * block - 1, true}}) {
    small.rotate_at_bytes = limit;
    small.node_id = "n" + std::to_string(limit % 10);
    std::filesystem::remove_all(directory_.path());
    std::filesystem::create_directory(directory_.path());
    const auto journal = open(small);
    const std::string file = journal->path();
    for (std::int64_t slot = 1; slot <= 4; ++slot) write_ok(*journal, release_at(slot));
    const Result<JournalScan> scan = look_at_journal(file, small.node_id);
    ASSERT_TRUE(scan);
    EXPECT_EQ(scan->header.base_sequence > 0, rotated) << limit;
  }
}

TEST_F(JournalRotation, AFileThatStaysLargeIsWrittenAnewOnlyWhenItHasDoubled) {
  FileJournalSettings small = settings();
  small.rotate_at_bytes = 2'000;
  const auto journal = open(small);
  std::size_t rewrites = 0;
  std::size_t after_last = 0;
  for (std::int64_t slot = 1; slot <= 400; ++slot) {
    const std::string before = base_sequence();
    const std::size_t size_before = size();
    write_ok(*journal, release_at(slot));
    if (base_sequence() == before) continue;
    ++rewrites;
    // The block at hand came after the rewrite.
    if (after_last > 1'000) {
      EXPECT_GE(size_before, 2 * (after_last - 200));
    }
    after_last = size();
  }
  EXPECT_GE(rewrites, 3U);
  EXPECT_LE(rewrites, 8U);
  EXPECT_EQ(journal->memory().release_count(), 400U);
  EXPECT_EQ(stored(), content_of(journal->memory()));
}

TEST_F(JournalRotation, OldReleasesGiveWayToAWatermarkInTheFileAsInTheMemory) {
  FileJournalSettings small = settings();
  small.rotate_at_bytes = 2'000;
  small.releases_max = 8;
  {
    const auto journal = open(small);
    for (std::int64_t slot = 1; slot <= 200; ++slot) write_ok(*journal, release_at(slot));
    EXPECT_LT(journal->memory().release_count(), 40U);
    EXPECT_EQ(journal->memory().released(duty_at(200).key), duty_at(200).message_hash);
    EXPECT_FALSE(journal->memory().released(duty_at(1).key));
  }
  const auto journal = open(small);
  const std::optional<Slot> mark = journal->memory().watermark(duty_at(1).key);
  ASSERT_TRUE(mark);
  for (std::int64_t slot = 1; slot <= 200; ++slot) {
    EXPECT_TRUE(Slot(slot) <= *mark || journal->memory().released(duty_at(slot).key)) << slot;
  }
}

TEST_F(JournalRotation, NothingIsLostUnderLoad) {
  FileJournalSettings small = settings();
  small.rotate_at_bytes = 20'000;
  constexpr std::int64_t kRounds = 30;
  constexpr std::int64_t kAtOnce = 50;
  {
    const auto journal = open(small);
    const std::string first = base_sequence();
    for (std::int64_t round = 0; round < kRounds; ++round) {
      std::vector<Task<Result<JournaledRelease>>> tasks;
      for (std::int64_t at = 0; at < kAtOnce; ++at) {
        journal->note(SeenEntry{filled_with<RollupAddress>(1), Slot(round * kAtOnce + at)});
        tasks.push_back(journal->finish(journal->begin_release(duty_at(round * kAtOnce + at))));
      }
      for (const auto& released : loop_.run_all(std::move(tasks))) ASSERT_TRUE(released);
    }
    EXPECT_NE(base_sequence(), first);
  }
  const auto journal = open(small);
  EXPECT_EQ(journal->repaired_bytes(), 0U);
  for (std::int64_t slot = 0; slot < kRounds * kAtOnce; ++slot) {
    ASSERT_TRUE(journal->memory().released(duty_at(slot).key)) << slot;
  }
}

TEST_F(JournalRotation, WhatACrashLeftOfARewriteIsRemoved) {
  {
    const auto journal = open();
    write_ok(*journal, release_at(1));
  }
  put_file(path() + ".new", Bytes(10, 1));
  const auto journal = open();
  EXPECT_FALSE(std::filesystem::exists(path() + ".new"));
  EXPECT_TRUE(journal->memory().released(duty_at(1).key));
}

/** No file of this process may become longer than that. */
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::size_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    CHECK(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    struct rlimit limit = before_;
    limit.rlim_cur = bytes;
    CHECK(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    CHECK(::setrlimit(RLIMIT_FSIZE, &before_) == 0);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  struct rlimit before_ {};
};

TEST_F(JournalRotation, AWriteThatDoesNotFitFailsWithoutATraceAndComesLater) {
  const auto journal = open();
  write_ok(*journal, release_at(1));
  const std::size_t good = size();
  Result<void> full;
  {
    // A part of the block fits.
    const FileSizeLimit limit(good + 20);
    full = write(*journal, release_at(2));
  }
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(full.error().message,
            "cannot write to " + path() + ": the limit on the size of files is reached");
  EXPECT_EQ(size(), good);
  write_ok(*journal, release_at(3));
  EXPECT_EQ(stored(), content_of(journal->memory()));
  EXPECT_TRUE(memory_of(stored()).released(duty_at(2).key));
}

TEST_F(JournalRotation, AFailureThatIsTooLongToRepeatIsMendedByWritingAnew) {
  const auto journal = open();
  write_ok(*journal, release_at(1));
  const std::string first = base_sequence();
  DatabaseIdentity long_identity;
  for (const auto& [length, rewritten] :
       {std::pair(std::size_t{1} << 19U, false), {(std::size_t{1} << 20U) + 1, true}}) {
    long_identity.backend = std::string(length, 'x');
    {
      const FileSizeLimit limit(size() + 20);
      EXPECT_FALSE(write(*journal, PinEntry{long_identity}));
    }
    write_ok(*journal, release_at(2));
    EXPECT_EQ(base_sequence() != first, rewritten) << length;
    EXPECT_EQ(stored(), content_of(journal->memory()));
  }
}

}  // namespace
}  // namespace holdfast::test
