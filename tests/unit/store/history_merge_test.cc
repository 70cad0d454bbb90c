// The rules of uniting two histories, as a table, and what an import does when its store fails.
#include "store/history_merge.h"

#include <gtest/gtest.h>

#include "store/memory/memory_store.h"
#include "support/example_duty.h"
#include "support/test_loop.h"

namespace holdfast {
namespace {

using namespace holdfast::test;

const Signature kSignature = filled_with<Signature>(0x5a);

/** How a row or an entry of the ledger looks. */
enum class Known : std::uint8_t { no = 0, unsigned_lock, pinned, signed_, signed_without };

struct MergeRow {
  const char* name;
  Known row;
  Known ledger;
  std::uint8_t known_hash;
  std::optional<std::int64_t> watermark;
  /** The incoming duty has its signature; otherwise it is pinned. */
  bool with_signature;
  ImportOutcome outcome;
};
void PrintTo(const MergeRow& row, std::ostream* out) {
  *out << row.name;
}

std::optional<StoredRow> stored(Known known, std::uint8_t hash) {
  if (known == Known::no) return std::nullopt;
  StoredRow row;
  row.duty = example_duty(hash);
  row.node_id = "here";
  row.status = DutyStatus::signing;
  row.token = known == Known::pinned ? "hf1-pin-00" : "hf1-00";
  if (known == Known::signed_ || known == Known::signed_without) row.status = DutyStatus::signed_;
  if (known == Known::signed_) row.signature = kSignature;
  return row;
}

class Merge : public testing::TestWithParam<MergeRow> {};

TEST_P(Merge, of_one_duty) {
  const MergeRow& row = GetParam();
  LockFacts facts;
  facts.row = stored(row.row, row.known_hash);
  facts.ledger = stored(row.ledger, row.known_hash);
  if (row.watermark) facts.watermark = Slot(*row.watermark);
  HistoryDuty incoming{.duty = example_duty(),
                       .signature = std::nullopt,
                       .node_id = "elsewhere",
                       .pinned = !row.with_signature};
  if (row.with_signature) incoming.signature = kSignature;
  const MergedDuty merged = merge_duty(incoming, facts);
  EXPECT_EQ(merged.outcome, row.outcome);
  if (row.outcome != ImportOutcome::conflict) return;
  EXPECT_EQ(merged.existing_hash, hash_of(row.known_hash));
  EXPECT_EQ(merged.existing_node, "here");
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Merge,
    testing::Values(
        MergeRow{"new", Known::no, Known::no, 0xaa, {}, true, ImportOutcome::added},
        MergeRow{"new_pin", Known::no, Known::no, 0xaa, {}, false, ImportOutcome::added},
        MergeRow{
            "lock_same", Known::unsigned_lock, Known::no, 0xaa, {}, true, ImportOutcome::added},
        MergeRow{
            "lock_other", Known::unsigned_lock, Known::no, 0xbb, {}, true, ImportOutcome::added},
        MergeRow{"signed_same", Known::signed_, Known::no, 0xaa, {}, true, ImportOutcome::known},
        MergeRow{
            "signed_same_pin", Known::signed_, Known::no, 0xaa, {}, false, ImportOutcome::known},
        MergeRow{
            "signed_other", Known::signed_, Known::no, 0xbb, {}, true, ImportOutcome::conflict},
        MergeRow{"signed_other_pin",
                 Known::signed_,
                 Known::no,
                 0xbb,
                 {},
                 false,
                 ImportOutcome::conflict},
        MergeRow{"no_signature",
                 Known::signed_without,
                 Known::no,
                 0xaa,
                 {},
                 true,
                 ImportOutcome::completed},
        MergeRow{"pin_same", Known::pinned, Known::no, 0xaa, {}, true, ImportOutcome::completed},
        MergeRow{"pin_same_pin", Known::pinned, Known::no, 0xaa, {}, false, ImportOutcome::known},
        MergeRow{"pin_other", Known::pinned, Known::no, 0xbb, {}, true, ImportOutcome::conflict},
        MergeRow{"ledger_same", Known::no, Known::signed_, 0xaa, {}, true, ImportOutcome::known},
        MergeRow{
            "ledger_other", Known::no, Known::signed_, 0xbb, {}, true, ImportOutcome::conflict},
        MergeRow{"ledger_pin", Known::no, Known::pinned, 0xaa, {}, true, ImportOutcome::completed},
        MergeRow{
            "pin_in_both", Known::pinned, Known::pinned, 0xaa, {}, true, ImportOutcome::completed},
        MergeRow{
            "pin_and_ledger", Known::pinned, Known::signed_, 0xaa, {}, true, ImportOutcome::known},
        MergeRow{"below", Known::no, Known::no, 0xaa, 101, true, ImportOutcome::below_watermark},
        MergeRow{"at", Known::no, Known::no, 0xaa, 100, true, ImportOutcome::below_watermark},
        MergeRow{"above", Known::no, Known::no, 0xaa, 99, true, ImportOutcome::added},
        MergeRow{"at_in_conflict", Known::signed_, Known::no, 0xbb, 100, true,
                 ImportOutcome::below_watermark}),
    [](const auto& row) { return row.param.name; });

TEST(MergedMarks, are_the_higher_of_the_two) {
  HistoryMark incoming;
  incoming.duty_type = DutyType::attestation;
  incoming.slot = Slot(10);
  const auto after = [&](std::optional<Slot> before) {
    const MergedMark merged = merge_mark(incoming, before);
    EXPECT_EQ(merged.before, before);
    EXPECT_EQ(merged.after.duty_type, DutyType::attestation);
    return merged.after.slot;
  };
  EXPECT_EQ(after(std::nullopt), Slot(10));
  EXPECT_EQ(after(Slot(9)), Slot(10));
  EXPECT_EQ(after(Slot(10)), Slot(10));
  EXPECT_EQ(after(Slot(11)), Slot(11));
}

TEST(HistoryMarksOfRows, are_read_or_the_row_is_damaged) {
  const HistoryMark mark{filled_with<RollupAddress>(0x11), filled_with<Address>(0x22),
                         DutyType::attestation, Slot(7)};
  const std::string rollup = to_text(mark.rollup_address);
  const std::string validator = to_text(mark.validator_address);
  const Result<HistoryMark> whole = history_mark_of(rollup, validator, "ATTESTATION", Slot(7));
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(*whole, mark);
  for (const auto& damaged : {history_mark_of("0x", validator, "ATTESTATION", Slot(7)),
                              history_mark_of(rollup, validator + "2", "ATTESTATION", Slot(7)),
                              history_mark_of(rollup, validator, "attestation", Slot(7))}) {
    ASSERT_FALSE(damaged.has_value());
    EXPECT_EQ(damaged.error().kind, ErrorKind::corrupt);
  }
}

TEST(AnImport, writes_what_is_new_and_nothing_else) {
  EXPECT_TRUE(is_written(ImportOutcome::added));
  EXPECT_TRUE(is_written(ImportOutcome::completed));
  EXPECT_FALSE(is_written(ImportOutcome::known));
  EXPECT_FALSE(is_written(ImportOutcome::conflict));
  EXPECT_FALSE(is_written(ImportOutcome::below_watermark));
}

DutyRow row_at(std::int64_t slot, std::uint8_t hash = 0xaa, bool is_signed = true) {
  DutyRow row;
  row.duty = example_duty(hash);
  row.duty.key.slot = Slot(slot);
  row.status = is_signed ? DutyStatus::signed_ : DutyStatus::signing;
  if (is_signed) row.signature = kSignature;
  return row;
}

TEST(HistoryPages, go_by_the_types_name_and_not_its_number) {
  DutyKey left = example_duty().key;
  DutyKey right = left;
  right.duty_type = DutyType::attestation;
  EXPECT_TRUE(history_order(left, right) > 0);
  right.slot = Slot(101);
  EXPECT_TRUE(history_order(left, right) < 0);
}

TEST(HistoryPages, unite_entries_of_one_message_and_keep_two_messages_apart) {
  const Result<HistoryPage> page = history_page_of(
      {row_at(1, 0xaa, false), row_at(1), row_at(1, 0xbb), row_at(2), row_at(2, 0xaa, false)}, 6);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next, std::nullopt);
  ASSERT_EQ(page->duties.size(), 3U);
  for (const HistoryDuty& duty : page->duties) {
    EXPECT_FALSE(duty.pinned);
    EXPECT_EQ(duty.signature, kSignature);
  }
  EXPECT_EQ(page->duties[1].duty.message_hash, hash_of(0xbb));
}

TEST(HistoryPages, that_are_full_leave_the_last_duty_to_the_next) {
  const Result<HistoryPage> page = history_page_of({row_at(1), row_at(2), row_at(2, 0xbb)}, 3);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->duties.size(), 1U);
  EXPECT_EQ(page->next, row_at(1).duty.key);
  const Result<HistoryPage> stuck = history_page_of({row_at(2), row_at(2, 0xbb)}, 2);
  ASSERT_FALSE(stuck);
  EXPECT_EQ(stuck.error().kind, ErrorKind::corrupt);
}

TEST(HistoryPages, that_are_not_sorted_are_refused) {
  EXPECT_FALSE(history_page_of({row_at(2), row_at(1)}, 9));
  EXPECT_FALSE(history_page_of({row_at(1, 0xbb), row_at(1, 0xaa)}, 9));
}

class FailingImport : public testing::TestWithParam<MemoryFault> {};
INSTANTIATE_TEST_SUITE_P(Faults, FailingImport,
                         testing::Values(MemoryFault::refused, MemoryFault::in_doubt_not_done,
                                         MemoryFault::in_doubt_done));

TEST_P(FailingImport, is_an_error_and_may_simply_be_made_again) {
  TestLoop loop;
  MemoryStore store(loop.clock());
  HistoryBatch batch;
  const HistoryDuty duty{
      .duty = example_duty(), .signature = kSignature, .node_id = "elsewhere", .pinned = false};
  batch.duties = {duty};
  batch.marks = {{duty.duty.key.rollup_address, duty.duty.key.validator_address,
                  DutyType::attestation, Slot(5)}};
  store.inject(GetParam());
  EXPECT_FALSE(loop.run(store.import_history(batch, ImportMode::apply)));
  for (int time = 0; time < 2; ++time) {
    const Result<MergedHistory> again = loop.run(store.import_history(batch, ImportMode::apply));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->duties[0].outcome, time == 0 ? ImportOutcome::added : ImportOutcome::known);
  }
  EXPECT_EQ(loop.run(store.read_history_marks({}))->marks, batch.marks);
}

}  // namespace
}  // namespace holdfast
