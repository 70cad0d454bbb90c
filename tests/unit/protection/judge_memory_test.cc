// What a node's own memory says to a duty, with rows below, at and above each bound. Invariants:
// S3, S4, S8.
#include "protection/judge_memory.h"

#include <ostream>

#include <gtest/gtest.h>

#include "support/example_duty.h"

namespace holdfast {
namespace {

using test::example_duty;
using test::hash_of;

Duty at_slot(std::int64_t slot, std::uint8_t hash = 0xaa) {
  Duty duty = example_duty(hash);
  duty.key.slot = Slot(slot);
  return duty;
}

JournalEntry released(std::int64_t slot, std::uint8_t hash) {
  return ReleaseEntry{at_slot(slot).key, hash_of(hash)};
}

JournalEntry dropped(std::int64_t slot, std::uint8_t hash) {
  return DropEntry{at_slot(slot).key, hash_of(hash)};
}

JournalEntry watermark(std::int64_t slot, DutyType type = DutyType::block_proposal) {
  const DutyKey key = at_slot(slot).key;
  return WatermarkEntry{key.rollup_address, key.validator_address, type, key.slot};
}

JournalEntry quarantine(std::int64_t floor, bool learning = false) {
  return QuarantineEntry{Quarantine{.reason = QuarantineReason::lost_commits,
                                    .floors = {{at_slot(0).key.rollup_address, Slot(floor)}},
                                    .learning = learning}};
}

struct Row {
  const char* name;
  std::vector<JournalEntry> entries;
  Duty duty = example_duty();
  /** Absent: nothing against it. */
  std::optional<RefusalReason> refused;
  std::optional<Slot> watermark;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

constexpr RefusalReason kConflict = RefusalReason::slashing_protection;
constexpr RefusalReason kBelow = RefusalReason::below_watermark;
constexpr RefusalReason kQuarantined = RefusalReason::quarantined;

const Row kRows[] = {
    {"nothing_is_remembered", {}, at_slot(100), std::nullopt, std::nullopt},
    {"the_same_message_was_released",
     {released(100, 0xaa)},
     at_slot(100),
     std::nullopt,
     std::nullopt},
    {"another_message_was_released", {released(100, 0xbb)}, at_slot(100), kConflict, std::nullopt},
    {"another_message_of_the_slot_below",
     {released(99, 0xbb)},
     at_slot(100),
     std::nullopt,
     std::nullopt},
    {"another_message_of_the_slot_above",
     {released(101, 0xbb)},
     at_slot(100),
     std::nullopt,
     std::nullopt},
    {"another_message_that_was_dropped",
     {released(100, 0xbb), dropped(100, 0xbb)},
     at_slot(100),
     std::nullopt,
     std::nullopt},
    {"slot_below_the_watermark", {watermark(100)}, at_slot(99), kBelow, Slot(100)},
    {"slot_at_the_watermark", {watermark(100)}, at_slot(100), kBelow, Slot(100)},
    {"slot_above_the_watermark", {watermark(100)}, at_slot(101), std::nullopt, std::nullopt},
    {"watermark_of_another_type",
     {watermark(100, DutyType::attestation)},
     at_slot(100),
     std::nullopt,
     std::nullopt},
    {"the_same_message_below_the_watermark",
     {released(100, 0xaa), watermark(100)},
     at_slot(100),
     kBelow,
     Slot(100)},
    {"another_message_below_the_watermark",
     {released(100, 0xbb), watermark(100)},
     at_slot(100),
     kConflict,
     std::nullopt},
    {"slot_below_the_quarantines_floor", {quarantine(100)}, at_slot(99), kQuarantined, Slot(100)},
    {"slot_at_the_quarantines_floor", {quarantine(100)}, at_slot(100), kQuarantined, Slot(100)},
    {"slot_above_the_quarantines_floor",
     {quarantine(100)},
     at_slot(101),
     std::nullopt,
     std::nullopt},
    {"slot_far_above_while_it_learns",
     {quarantine(100, true)},
     at_slot(1000),
     kQuarantined,
     std::nullopt},
    {"the_same_message_in_quarantine",
     {released(100, 0xaa), quarantine(100)},
     at_slot(100),
     kQuarantined,
     Slot(100)},
    {"another_message_in_quarantine",
     {released(100, 0xbb), quarantine(100)},
     at_slot(100),
     kConflict,
     std::nullopt},
    {"a_quarantine_that_the_operator_ended",
     {quarantine(100), QuarantineEntry{}},
     at_slot(100),
     std::nullopt,
     std::nullopt},
};

class JudgeMemory : public testing::TestWithParam<Row> {};

TEST_P(JudgeMemory, decides) {
  const Row& row = GetParam();
  NodeMemory memory;
  for (const JournalEntry& entry : row.entries) memory.apply(entry);
  const std::optional<Refusal> refusal = judge_memory(row.duty, memory, "node-1");
  ASSERT_EQ(refusal.has_value(), row.refused.has_value());
  if (!refusal) return;
  EXPECT_EQ(refusal->reason, *row.refused);
  EXPECT_EQ(refusal->key, row.duty.key);
  EXPECT_EQ(refusal->attempted_hash, row.duty.message_hash);
  EXPECT_EQ(refusal->watermark, row.watermark);
}

INSTANTIATE_TEST_SUITE_P(Rows, JudgeMemory, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(JudgeMemoryRefusal, names_what_was_released_and_by_whom) {
  NodeMemory memory;
  memory.apply(released(100, 0xbb));
  const std::optional<Refusal> refusal = judge_memory(at_slot(100), memory, "node-1");
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->existing_hash, hash_of(0xbb));
  EXPECT_EQ(refusal->node_id, "node-1");
}

}  // namespace
}  // namespace holdfast
