// What the tests of the journal share: entries of every kind, and what a memory holds.
#pragma once

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/task.h"
#include "store/journal/file_journal.h"
#include "support/example_duty.h"
#include "support/temp_dir.h"
#include "support/test_key.h"
#include "support/test_loop.h"

namespace holdfast::test {

inline Duty duty_at(std::int64_t slot, std::uint8_t hash_byte = 0xaa) {
  Duty duty = example_duty(hash_byte);
  duty.key.slot = Slot(slot);
  return duty;
}

inline ReleaseEntry release_at(std::int64_t slot, std::uint8_t hash_byte = 0xaa) {
  const Duty duty = duty_at(slot, hash_byte);
  return {duty.key, duty.message_hash};
}

/** One of each kind, and the empty forms. */
inline std::vector<JournalEntry> entries_of_every_kind() {
  const auto rollup = filled_with<RollupAddress>(0x11);
  const auto other_rollup = filled_with<RollupAddress>(0x12);
  const DatabaseIdentity identity{.backend = "postgres",
                                  .cluster_id = "0123456789abcdef0123456789abcdef",
                                  .system_identifier = "7300000000000000001",
                                  .timeline = 3,
                                  .synchronous = true};
  Quarantine quarantine;
  quarantine.reason = QuarantineReason::lost_commits;
  quarantine.learning = false;
  quarantine.floors = {{rollup, Slot(164)}, {other_rollup, Slot(7)}};
  const ReleaseEntry dropped = release_at(101, 0xbb);
  return {release_at(100),
          dropped,
          DropEntry{dropped.key, dropped.message_hash},
          WatermarkEntry{rollup, filled_with<Address>(0x22), DutyType::attestation, Slot(40)},
          PinEntry{identity},
          BeatEntry{.beat = 12, .newest_release = release_at(100)},
          SeenEntry{rollup, Slot(100)},
          QuarantineEntry{quarantine},
          BeatEntry{.beat = 13, .newest_release = std::nullopt},
          QuarantineEntry{}};
}

inline NodeMemory memory_of(const std::vector<JournalEntry>& entries) {
  NodeMemory memory;
  for (const JournalEntry& entry : entries) memory.apply(entry);
  return memory;
}

/** Everything that the memory holds, comparable: what makes it again without leaving a release
    out. */
inline std::vector<JournalEntry> content_of(const NodeMemory& memory) {
  return memory.compacted(1'000'000'000);
}

inline Bytes bytes_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/** Only its owner may use it. */
inline void put_file(const std::string& path, ByteView content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(content.data()),
             static_cast<std::streamsize>(content.size()));
  file.close();
  EXPECT_TRUE(file.good()) << path;
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

/** A data directory, an I/O thread, and the journal of node "n1" in it. */
class FileJournalTest : public testing::Test {
 protected:
  FileJournalSettings settings() const { return {.directory = directory_.path(), .node_id = "n1"}; }
  std::string path() const { return directory_.file("journal-n1"); }

  Result<std::unique_ptr<FileJournal>> try_open(FileJournalSettings settings) {
    return FileJournal::open(std::move(settings), random_, loop_.post());
  }
  std::unique_ptr<FileJournal> open(FileJournalSettings settings) {
    Result<std::unique_ptr<FileJournal>> journal = try_open(std::move(settings));
    EXPECT_TRUE(journal) << (journal ? "" : journal.error().message);
    return journal ? *std::move(journal) : nullptr;
  }
  std::unique_ptr<FileJournal> open() { return open(settings()); }

  Result<void> write(Journal& journal, JournalEntry entry) {
    return loop_.run(journal.write(std::move(entry)));
  }
  void write_ok(Journal& journal, JournalEntry entry) {
    const Result<void> written = write(journal, std::move(entry));
    EXPECT_TRUE(written) << (written ? "" : written.error().message);
  }

  /** What the next start would find. */
  std::vector<JournalEntry> stored() {
    const Result<NodeMemory> memory = FileJournal::read_only(settings());
    EXPECT_TRUE(memory) << (memory ? "" : memory.error().message);
    return memory ? content_of(*memory) : std::vector<JournalEntry>{};
  }

  TempDir directory_;
  TestLoop loop_;
  CountingRandom random_;
};

}  // namespace holdfast::test
