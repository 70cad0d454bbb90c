#include "protection/node_memory.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "support/example_duty.h"

namespace holdfast {
namespace {

using test::filled_with;
using test::hash_of;

const auto kRollup = filled_with<RollupAddress>(0x11);
const auto kValidator = filled_with<Address>(0x22);

DutyKey key_at(std::int64_t slot, DutyType type = DutyType::attestation) {
  return {.rollup_address = kRollup,
          .validator_address = kValidator,
          .slot = Slot(slot),
          .duty_type = type,
          .block_index_within_checkpoint = kNoBlockIndex};
}

ReleaseEntry release_at(std::int64_t slot, DutyType type = DutyType::attestation) {
  return {key_at(slot, type), hash_of(1)};
}

NodeMemory memory_of(const std::vector<JournalEntry>& entries) {
  NodeMemory memory;
  for (const JournalEntry& entry : entries) memory.apply(entry);
  return memory;
}

TEST(NodeMemory, TheFirstMessageOfADutyStays) {
  const NodeMemory memory =
      memory_of({ReleaseEntry{key_at(1), hash_of(1)}, ReleaseEntry{key_at(1), hash_of(2)}});
  EXPECT_EQ(memory.released(key_at(1)), hash_of(1));
  EXPECT_EQ(memory.release_count(), 1U);
}

TEST(NodeMemory, ADropTakesOnlyItsOwnMessage) {
  NodeMemory memory = memory_of({release_at(1), DropEntry{key_at(1), hash_of(2)}});
  EXPECT_EQ(memory.released(key_at(1)), hash_of(1));
  memory.apply(DropEntry{key_at(1), hash_of(1)});
  EXPECT_EQ(memory.released(key_at(1)), std::nullopt);
  memory.apply(DropEntry{key_at(1), hash_of(1)});
  memory.apply(ReleaseEntry{key_at(1), hash_of(2)});
  EXPECT_EQ(memory.released(key_at(1)), hash_of(2));
}

TEST(NodeMemory, WatermarksAndSeenSlotsOnlyRise) {
  NodeMemory memory;
  for (const std::int64_t slot : {5, 9, 7}) {
    memory.apply(WatermarkEntry{kRollup, kValidator, DutyType::attestation, Slot(slot)});
    memory.apply(SeenEntry{kRollup, Slot(slot)});
  }
  EXPECT_EQ(memory.watermark(key_at(1)), Slot(9));
  EXPECT_EQ(memory.watermark(key_at(1, DutyType::block_proposal)), std::nullopt);
  EXPECT_EQ(memory.seen(), (SeenSlots{{kRollup, Slot(9)}}));
}

TEST(NodeMemory, OfThePinTheBeatAndTheQuarantineTheLastCounts) {
  DatabaseIdentity first;
  first.cluster_id = "a";
  DatabaseIdentity second;
  second.cluster_id = "b";
  Quarantine quarantine;
  quarantine.floors = {{kRollup, Slot(3)}};
  NodeMemory memory = memory_of({PinEntry{first}, PinEntry{second}, BeatEntry{7, release_at(1)},
                                 BeatEntry{6, std::nullopt}, QuarantineEntry{quarantine}});
  EXPECT_EQ(memory.pin(), second);
  EXPECT_EQ(memory.beat(), (BeatEntry{6, std::nullopt}));
  EXPECT_EQ(memory.quarantine(), quarantine);
  memory.apply(QuarantineEntry{});
  EXPECT_EQ(memory.quarantine(), std::nullopt);
}

TEST(NodeMemory, CompactingMakesTheSameMemoryAgain) {
  DatabaseIdentity identity;
  identity.cluster_id = "a";
  Quarantine quarantine;
  quarantine.learning = false;
  const NodeMemory memory = memory_of(
      {release_at(1), release_at(2), DropEntry{key_at(2), hash_of(1)}, PinEntry{identity},
       WatermarkEntry{kRollup, kValidator, DutyType::txs, Slot(4)}, SeenEntry{kRollup, Slot(2)},
       BeatEntry{3, release_at(1)}, QuarantineEntry{quarantine}});
  const std::vector<JournalEntry> compacted = memory.compacted(4096);
  const NodeMemory again = memory_of(compacted);
  EXPECT_EQ(again.compacted(4096), compacted);
  EXPECT_EQ(again.released(key_at(1)), hash_of(1));
  EXPECT_EQ(again.released(key_at(2)), std::nullopt);
  EXPECT_EQ(again.release_count(), 1U);
  EXPECT_EQ(again.watermark(key_at(1, DutyType::txs)), Slot(4));
  EXPECT_EQ(again.pin(), identity);
  EXPECT_EQ(again.seen(), memory.seen());
  EXPECT_EQ(again.beat(), memory.beat());
  EXPECT_EQ(again.quarantine(), quarantine);
}

TEST(NodeMemory, AQuarantineThatWasEndedIsNotThereAfterCompacting) {
  const NodeMemory memory = memory_of({QuarantineEntry{Quarantine{}}, QuarantineEntry{}});
  EXPECT_EQ(memory_of(memory.compacted(2)).quarantine(), std::nullopt);
}

struct CompactedRow {
  std::size_t releases;
  std::size_t releases_max;
  std::size_t kept;
};

TEST(NodeMemory, OnlyAGroupWithMoreThanItsMaximumLosesTheLowerHalfOfItsSlots) {
  // Below, at and above the maximum; slots 1 to `releases`.
  for (const CompactedRow& row :
       {CompactedRow{9, 10, 9}, {10, 10, 10}, {11, 10, 6}, {12, 10, 6}, {2, 2, 2}, {3, 2, 2}}) {
    NodeMemory memory;
    for (std::size_t slot = 1; slot <= row.releases; ++slot) {
      memory.apply(release_at(static_cast<std::int64_t>(slot)));
    }
    const NodeMemory again = memory_of(memory.compacted(row.releases_max));
    EXPECT_EQ(again.release_count(), row.kept) << row.releases;
    const auto cut = static_cast<std::int64_t>(row.releases - row.kept);
    EXPECT_EQ(again.watermark(key_at(1)), cut > 0 ? std::optional<Slot>(cut) : std::nullopt);
    for (std::size_t slot = 1; slot <= row.releases; ++slot) {
      const auto number = static_cast<std::int64_t>(slot);
      EXPECT_EQ(again.released(key_at(number)).has_value(), number > cut) << number;
    }
  }
}

TEST(NodeMemory, EachValidatorAndDutyTypeIsAGroupOfItsOwn) {
  NodeMemory memory;
  for (std::int64_t slot = 1; slot <= 4; ++slot) {
    memory.apply(release_at(slot));
    if (slot <= 3) memory.apply(release_at(slot, DutyType::governance_vote));
    DutyKey other = key_at(slot);
    other.validator_address = filled_with<Address>(0x33);
    if (slot <= 3) memory.apply(ReleaseEntry{other, hash_of(1)});
  }
  const NodeMemory again = memory_of(memory.compacted(3));
  EXPECT_EQ(again.watermark(key_at(1)), Slot(2));
  EXPECT_EQ(again.release_count(), 2U + 3U + 3U);
}

TEST(NodeMemory, ASlotFarAheadIsKeptAndDoesNotTakeTheOthersAlong) {
  NodeMemory memory;
  for (const std::int64_t slot : {1, 2, 3, 4}) memory.apply(release_at(slot));
  memory.apply(release_at(INT64_MAX));
  const NodeMemory again = memory_of(memory.compacted(4));
  EXPECT_EQ(again.watermark(key_at(1)), Slot(2));
  EXPECT_TRUE(again.released(key_at(INT64_MAX)));
  EXPECT_TRUE(again.released(key_at(3)));
}

TEST(NodeMemory, ManyReleasesOfOneSlotGiveWayOnlyTogether) {
  NodeMemory memory;
  for (std::int32_t index = 0; index < 6; ++index) {
    DutyKey key = key_at(7, DutyType::block_proposal);
    key.block_index_within_checkpoint = BlockIndex(index);
    memory.apply(ReleaseEntry{key, hash_of(1)});
  }
  EXPECT_EQ(memory_of(memory.compacted(2)).release_count(), 6U);
}

TEST(NodeMemory, AReleaseBelowAWatermarkIsNotKeptByCompacting) {
  for (const auto& [slot, kept] : {std::pair(4, false), {5, false}, {6, true}}) {
    const NodeMemory memory = memory_of(
        {release_at(slot), WatermarkEntry{kRollup, kValidator, DutyType::attestation, Slot(5)}});
    EXPECT_EQ(memory_of(memory.compacted(2)).released(key_at(slot)).has_value(), kept) << slot;
  }
}

}  // namespace
}  // namespace holdfast
