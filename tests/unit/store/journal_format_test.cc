#include "store/journal/journal_format.h"

#include <algorithm>
#include <tuple>

#include <gtest/gtest.h>

#include "base/hex.h"
#include "journal_fixture.h"

namespace holdfast::test {
namespace {

constexpr std::size_t kSector = 512;

JournalHeader example_header(std::uint64_t base_sequence = 0) {
  return {.journal_id = filled_with<JournalId>(0x5a),
          .node_id = "n1",
          .base_sequence = base_sequence,
          .settled_length = 0};
}

Bytes payload_of(const std::vector<JournalEntry>& entries) {
  Bytes payload;
  for (const JournalEntry& entry : entries) append_entry(payload, entry);
  return payload;
}

void add(Bytes& file, const Bytes& bytes) {
  file.insert(file.end(), bytes.begin(), bytes.end());
}

/** A journal with one block of each payload that was appended, and where each of them ends. */
struct ExampleFile {
  Bytes bytes;
  std::vector<std::size_t> ends;
  std::vector<NodeMemory> memories;
};

ExampleFile example_file(const std::vector<std::vector<JournalEntry>>& blocks,
                         std::size_t from_sequence = 0) {
  ExampleFile file;
  file.bytes = encode_file(example_header(from_sequence), {});
  file.ends.push_back(file.bytes.size());
  file.memories.emplace_back();
  std::uint64_t sequence = from_sequence;
  for (const std::vector<JournalEntry>& entries : blocks) {
    add(file.bytes, encode_block(example_header().journal_id, ++sequence, payload_of(entries)));
    file.ends.push_back(file.bytes.size());
    file.memories.push_back(file.memories.back());
    for (const JournalEntry& entry : entries) file.memories.back().apply(entry);
  }
  return file;
}

/** Three blocks; the second is longer than a sector. */
ExampleFile three_blocks() {
  return example_file({{release_at(1)}, entries_of_every_kind(), {release_at(2), release_at(3)}});
}

std::string error_of(ByteView file) {
  const Result<JournalScan> scan = scan_journal(file);
  return scan ? "no error" : std::string(name_of(scan.error().kind)) + ": " + scan.error().message;
}

TEST(JournalFormat, EveryKindOfEntryIsReadAsItWasWritten) {
  const std::vector<JournalEntry> entries = entries_of_every_kind();
  const Result<std::vector<JournalEntry>> read = decode_entries(payload_of(entries));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, entries);
}

TEST(JournalFormat, ExtremeValuesAreReadAsTheyWereWritten) {
  ReleaseEntry release = release_at(INT64_MAX);
  release.key.block_index_within_checkpoint = BlockIndex(INT32_MAX);
  ReleaseEntry vote = release_at(0);
  vote.key.duty_type = DutyType::slashing_vote;
  vote.key.block_index_within_checkpoint = kNoBlockIndex;
  const DatabaseIdentity identity{.backend = "",
                                  .cluster_id = std::string(100'000, 'x'),
                                  .system_identifier = std::string("\0\n\xff", 3),
                                  .timeline = INT64_MIN,
                                  .synchronous = false};
  const std::vector<JournalEntry> entries = {release, vote, PinEntry{identity},
                                             QuarantineEntry{Quarantine{}}};
  const Result<std::vector<JournalEntry>> read = decode_entries(payload_of(entries));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, entries);
}

TEST(JournalFormat, APayloadThatIsNotEntriesToItsEndIsRefused) {
  const Bytes good = payload_of({release_at(1)});
  Bytes unknown_type = good;
  unknown_type[0] = 8;
  Bytes no_type = good;
  no_type[0] = 0;
  Bytes shorter_length = good;
  --shorter_length[1];
  Bytes longer_length = good;
  ++longer_length[1];
  Bytes bad_duty_type = good;
  bad_duty_type[5 + 20 + 20 + 8] = 9;
  Bytes rest = good;
  rest.push_back(1);
  const Bytes cut(good.begin(), good.end() - 1);
  for (const Bytes& bad :
       {unknown_type, no_type, shorter_length, longer_length, bad_duty_type, rest, cut}) {
    const Result<std::vector<JournalEntry>> read = decode_entries(bad);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::corrupt);
  }
}

TEST(JournalFormat, ANewFileHasItsHeaderAndAllItsBlocks) {
  const Bytes file =
      encode_file(example_header(41), {payload_of({release_at(1)}), payload_of({release_at(2)})});
  const Result<JournalScan> scan = scan_journal(file);
  ASSERT_TRUE(scan) << scan.error().message;
  EXPECT_EQ(scan->header.node_id, "n1");
  EXPECT_EQ(scan->header.journal_id, example_header().journal_id);
  EXPECT_EQ(scan->header.base_sequence, 41U);
  EXPECT_EQ(scan->header.settled_length, file.size());
  EXPECT_EQ(scan->sequence, 43U);
  EXPECT_EQ(scan->good_length, file.size());
  EXPECT_EQ(scan->torn_bytes, 0U);
  EXPECT_EQ(scan->entries, (std::vector<JournalEntry>{release_at(1), release_at(2)}));
}

TEST(JournalFormat, AFileThatEndsWithinItsLastBlockHasATornEndOfEveryLength) {
  const ExampleFile file = three_blocks();
  for (std::size_t length = file.ends.front(); length <= file.bytes.size(); ++length) {
    const Result<JournalScan> scan = scan_journal(ByteView(file.bytes).first(length));
    ASSERT_TRUE(scan) << length << ": " << scan.error().message;
    const auto after = std::upper_bound(file.ends.begin(), file.ends.end(), length);
    const auto blocks = static_cast<std::size_t>(after - file.ends.begin()) - 1;
    ASSERT_EQ(scan->good_length, file.ends[blocks]) << length;
    ASSERT_EQ(scan->torn_bytes, length - file.ends[blocks]) << length;
    ASSERT_EQ(scan->sequence, blocks) << length;
    ASSERT_EQ(content_of(memory_of(scan->entries)), content_of(file.memories[blocks])) << length;
  }
}

TEST(JournalFormat, AFileThatEndsWithinWhatWasDurableBeforeItHadItsNameIsDamaged) {
  const Bytes file = encode_file(example_header(), {payload_of({release_at(1)})});
  for (std::size_t length = 0; length < file.size(); ++length) {
    const Result<JournalScan> scan = scan_journal(ByteView(file).first(length));
    ASSERT_FALSE(scan) << length;
    ASSERT_EQ(scan.error().kind, ErrorKind::corrupt) << length;
  }
}

/** Where the last block begins in a sector decides which of its bytes stand alone in one. */
class JournalDamage : public testing::TestWithParam<std::size_t> {};

/** As three_blocks(), with a text that moves the last block to that offset of a sector. */
ExampleFile shifted_blocks(std::size_t begin_in_sector) {
  const auto with_text = [](std::size_t size) {
    DatabaseIdentity identity;
    identity.backend = std::string(size, 'x');
    return example_file({{release_at(1)}, {PinEntry{identity}}, {release_at(2), release_at(3)}});
  };
  const std::size_t begin = with_text(0).ends[2] % kSector;
  return with_text((begin_in_sector + kSector - begin) % kSector);
}

TEST_P(JournalDamage, NoChangedByteChangesWhatIsRemembered) {
  const ExampleFile file = shifted_blocks(GetParam());
  ASSERT_EQ(file.ends[2] % kSector, GetParam());
  const std::vector<JournalEntry> whole = content_of(file.memories.back());
  Bytes changed = file.bytes;
  for (std::size_t at = 0; at < changed.size(); ++at) {
    const std::uint8_t good = changed[at];
    // Every single bit, and the values that an erased or a never written byte has.
    const int changes[] = {good ^ 1,  good ^ 2,  good ^ 4,   good ^ 8, good ^ 16,
                           good ^ 32, good ^ 64, good ^ 128, 0x00,     0xff};
    for (const int change : changes) {
      changed[at] = static_cast<std::uint8_t>(change);
      const Result<JournalScan> scan = scan_journal(changed);
      if (!scan) continue;
      ASSERT_EQ(scan->torn_bytes, 0U) << "byte " << at << " is " << change;
      ASSERT_EQ(content_of(memory_of(scan->entries)), whole) << "byte " << at << " is " << change;
    }
    changed[at] = good;
  }
}

TEST_P(JournalDamage, OnlyTheLastBlockIsLostWhenOneOfItsSectorsWasNeverWritten) {
  const ExampleFile file = shifted_blocks(GetParam());
  const std::size_t last = file.ends[2];
  for (std::size_t from = last; from < file.bytes.size();) {
    const std::size_t to = std::min((from / kSector + 1) * kSector, file.bytes.size());
    Bytes torn = file.bytes;
    for (std::size_t at = from; at < to; ++at) torn[at] = 0;
    const Result<JournalScan> scan = scan_journal(torn);
    ASSERT_TRUE(scan) << scan.error().message;
    // A sector that has only what is for people, the magic or the end mark, is not missed.
    const bool lost = scan->torn_bytes > 0;
    EXPECT_EQ(scan->torn_bytes, lost ? torn.size() - last : 0U);
    EXPECT_TRUE(lost || to - from <= 4) << from;
    EXPECT_EQ(content_of(memory_of(scan->entries)), content_of(file.memories[lost ? 2 : 3]));
    from = to;
  }
}

INSTANTIATE_TEST_SUITE_P(BeginsInSector, JournalDamage,
                         testing::Values(0, 1, 100, 242, 243, 250, 487, 488, 489, 496, 504, 508,
                                         509, 510, 511));

TEST(JournalFormat, ATailOfZerosIsTorn) {
  const ExampleFile file = three_blocks();
  for (const std::size_t zeros : {1U, 23U, 24U, 25U, 511U, 512U, 513U, 4096U}) {
    Bytes longer = file.bytes;
    add(longer, Bytes(zeros, 0));
    const Result<JournalScan> scan = scan_journal(longer);
    ASSERT_TRUE(scan) << scan.error().message;
    EXPECT_EQ(scan->good_length, file.bytes.size());
    EXPECT_EQ(scan->torn_bytes, zeros);
  }
}

TEST(JournalFormat, ATailThatNoJournalWritesIsDamage) {
  const ExampleFile file = three_blocks();
  for (const std::size_t size : {1U, 12U, 23U, 24U, 600U}) {
    Bytes longer = file.bytes;
    add(longer, Bytes(size, 0x20));
    EXPECT_TRUE(error_of(longer).starts_with("corrupt: damaged at byte " +
                                             std::to_string(file.bytes.size())))
        << error_of(longer);
  }
}

TEST(JournalFormat, ASectorOfZerosBeforeALaterBlockIsDamage) {
  // A lost sector may hide the header of a block, and the later block still proves it.
  std::vector<std::vector<JournalEntry>> blocks;
  for (std::int64_t slot = 1; slot <= 40; ++slot) blocks.push_back({release_at(slot)});
  const ExampleFile file = example_file(blocks);
  const std::size_t last_sector = (file.bytes.size() - 200) / kSector;
  for (std::size_t sector = 1; sector < last_sector; ++sector) {
    Bytes damaged = file.bytes;
    for (std::size_t at = 0; at < kSector; ++at) damaged[sector * kSector + at] = 0;
    EXPECT_TRUE(error_of(damaged).starts_with("corrupt: ")) << sector << error_of(damaged);
  }
}

TEST(JournalFormat, AGapOrARepetitionInTheSequenceIsDamage) {
  for (const std::uint64_t sequence : {0U, 1U, 3U}) {
    ExampleFile file = example_file({{release_at(1)}});
    add(file.bytes,
        encode_block(example_header().journal_id, sequence, payload_of({release_at(2)})));
    EXPECT_EQ(error_of(file.bytes), "corrupt: damaged at byte " + std::to_string(file.ends[1]) +
                                        ": block " + std::to_string(sequence) + " follows block 1");
  }
}

TEST(JournalFormat, ABlockOfAnotherJournalIsDamage) {
  ExampleFile file = example_file({{release_at(1)}});
  add(file.bytes, encode_block(filled_with<JournalId>(0x77), 2, payload_of({release_at(2)})));
  EXPECT_TRUE(error_of(file.bytes).starts_with("corrupt: ")) << error_of(file.bytes);
}

TEST(JournalFormat, AGoodBlockThatHoldsNoEntriesIsDamage) {
  ExampleFile file = example_file({{release_at(1)}});
  add(file.bytes, encode_block(example_header().journal_id, 2, Bytes{0xee}));
  EXPECT_EQ(error_of(file.bytes), "corrupt: damaged at byte " + std::to_string(file.ends[1]) +
                                      ": byte 0 of the block begins no entry");
}

TEST(JournalFormat, ANewerVersionIsNamedAsSuch) {
  ExampleFile file = example_file({{release_at(1)}});
  file.bytes[4] = 2;
  EXPECT_TRUE(error_of(file.bytes).starts_with("schema_mismatch: has version 2 of the format"))
      << error_of(file.bytes);
}

/** The worked example of docs/JOURNAL.md, which another program has encoded. */
constexpr std::string_view kDocumented =
    "0x"
    "48464a3101000000000102030405060708090a0b0c0d0e0f00000000000000003e000000"
    "00000000020000006e319036e5aa2c2cc3c61f44a2e48a15102e48464a427b0000000100"
    "0000000000007e8df4190795bc1201550000001111111111111111111111111111111111"
    "1111112222222222222222222222222222222222222222640000000000000003ffffffff"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa061c0000"
    "001111111111111111111111111111111111111111640000000000000053373a2684e291"
    "f6ecb8b6fc66d1704f4a";

TEST(JournalFormat, TheExampleOfTheDocumentIsWhatIsWritten) {
  JournalHeader header = example_header();
  for (std::size_t at = 0; at < JournalId::kSize; ++at) {
    header.journal_id.bytes[at] = static_cast<std::uint8_t>(at);
  }
  Duty duty = duty_at(100);
  duty.key.duty_type = DutyType::attestation;
  duty.key.block_index_within_checkpoint = kNoBlockIndex;
  Bytes file = encode_file(header, {});
  add(file, encode_block(header.journal_id, 1,
                         payload_of({ReleaseEntry{duty.key, duty.message_hash},
                                     SeenEntry{duty.key.rollup_address, Slot(100)}})));
  EXPECT_EQ(to_hex(file), kDocumented);
}

}  // namespace
}  // namespace holdfast::test
