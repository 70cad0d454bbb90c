// What no store forgets (S3): the ledger of deleted rows and the watermarks; and where ours is
// deliberately safer than the upstream checklist, which deletes protection.
#include "store_conformance/conformance.h"

namespace holdfast {
namespace {

using namespace holdfast::test;

class NeverForgets : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(Stores, NeverForgets,
                         testing::Values(StoreKind::memory, StoreKind::sqlite, StoreKind::postgres),
                         kind_name);

TEST_P(NeverForgets, a_signed_duty_whose_row_was_deleted) {
  sign(example_duty(0xaa), "node-1");
  database().delete_row(example_duty().key);
  const ExistingDuty existing = taken(example_duty(0xbb), "node-2");
  EXPECT_EQ(existing.status, DutyStatus::signed_);
  EXPECT_EQ(existing.message_hash, hash_of(0xaa));
  EXPECT_EQ(existing.node_id, "node-1");
  EXPECT_EQ(existing.signature, signature_for(example_duty(0xaa)));
  EXPECT_EQ(not_taken_over(example_duty(0xbb), "node-2", milliseconds(0)).status,
            DutyStatus::signed_);
}

TEST_P(NeverForgets, a_signed_duty_whose_row_was_deleted_is_still_read) {
  sign(example_duty(), "node-1");
  database().delete_row(example_duty().key);
  const auto found = row(example_duty().key);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->duty, example_duty());
  EXPECT_EQ(found->status, DutyStatus::signed_);
  EXPECT_EQ(found->node_id, "node-1");
  EXPECT_EQ(found->signature, signature_for(example_duty()));
}

TEST_P(NeverForgets, and_refuses_a_stock_node_the_other_hash) {
  sign(example_duty(0xaa));
  database().delete_row(example_duty().key);
  EXPECT_FALSE(database().insert_stock_row(example_duty(0xbb), "stock", kStockToken));
  EXPECT_EQ(row(example_duty().key)->duty.message_hash, hash_of(0xaa));
}

TEST_P(NeverForgets, and_a_same_hash_may_come_and_go_again) {
  sign(example_duty(0xaa));
  for (int round = 0; round < 2; ++round) {
    database().delete_row(example_duty().key);
    ASSERT_TRUE(database().insert_stock_row(example_duty(0xaa), "stock", kStockToken));
  }
  database().delete_row(example_duty().key);
  EXPECT_EQ(taken(example_duty(0xbb)).message_hash, hash_of(0xaa));
}

TEST_P(NeverForgets, but_a_lock_that_was_never_signed_leaves_nothing_behind) {
  const HeldLock held = lock(example_duty(0xaa));
  database().delete_row(example_duty().key);
  EXPECT_EQ(row(example_duty().key), std::nullopt);
  sign(example_duty(0xbb));
}

// Aztec deletes all history of other rollups whenever a node starts. Those rows are evidence: a
// rollup may be configured by mistake, or in another letter case, and its validator would sign
// twice. Here whoever deletes them only moves them to the ledger.
TEST_P(NeverForgets, item_43_rows_of_an_outdated_rollup_still_protect_when_they_were_deleted) {
  const RollupAddress current = filled_with<RollupAddress>(0x12);
  for (const std::int64_t slot : {1, 2, 3, 4, 5}) sign(duty_at(slot));
  for (const std::int64_t slot : {1, 2}) sign(with_rollup(duty_at(slot), 0x12));
  database().delete_other_rollups(current);
  for (const std::int64_t slot : {1, 2, 3, 4, 5}) {
    EXPECT_EQ(taken(duty_at(slot, 0, 0xbb)).message_hash, hash_of(0xaa)) << slot;
  }
  DutyFilter of_current;
  of_current.rollup_address = current;
  EXPECT_EQ(list(of_current).size(), 2U);
}

TEST_P(NeverForgets, item_44_a_clean_up_without_outdated_rollups_changes_nothing) {
  sign(example_duty());
  database().delete_other_rollups(example_duty().key.rollup_address);
  EXPECT_EQ(list({}).size(), 1U);
}

// Aztec prunes signed rows by age and then signs those slots again (W6). Here nothing that is
// signed goes away by age; what is pruned later raises a watermark first.
TEST_P(NeverForgets, item_45_old_signed_duties_are_not_pruned_by_age) {
  sign(duty_at(1));
  sign(duty_at(2));
  const HeldLock held = lock(duty_at(3));
  for (const std::int64_t slot : {1, 3}) database().age_row(duty_at(slot).key, seconds(1000000));
  Result<std::int64_t> deleted = loop.run(store.delete_stuck("node-1", seconds(3600)));
  ASSERT_TRUE(deleted.has_value());
  EXPECT_EQ(*deleted, 1) << "only the lock that was never signed";
  EXPECT_EQ(taken(duty_at(1, 0, 0xbb)).status, DutyStatus::signed_);
  EXPECT_EQ(taken(duty_at(2, 0, 0xbb)).status, DutyStatus::signed_);
  EXPECT_EQ(row(duty_at(3).key), std::nullopt);
}

TEST_P(NeverForgets, item_46_nothing_old_means_nothing_deleted) {
  sign(example_duty());
  Result<std::int64_t> deleted = loop.run(store.delete_stuck("node-1", milliseconds(0)));
  ASSERT_TRUE(deleted.has_value());
  EXPECT_EQ(*deleted, 0);
}

/** Whether a node has signed: what a node is asked for that comes with a new journal (S4, S8). */
class HasSigned : public StoreTest {
 protected:
  bool has_signed(const std::string& node) {
    Result<bool> answer = loop.run(store.has_signed(node));
    if (!answer) ADD_FAILURE() << "has_signed: " << answer.error().message;
    CHECK(answer.has_value());
    return *answer;
  }
  void gated_sign(const Duty& duty, const std::string& node) {
    ASSERT_TRUE(database().insert_stock_row(duty, node, kStockToken));
    EXPECT_TRUE(record(expect<HeldLock>(find_gated(duty), "find")));
  }
  void prune_to(Slot slot) {
    PruneRequest request;
    request.rollup_address = example_duty().key.rollup_address;
    request.what = BeforeSlot{slot};
    request.mode = PruneMode::apply;
    const Result<std::vector<PrunedDuties>> pruned = loop.run(store.prune(request));
    ASSERT_TRUE(pruned.has_value()) << pruned.error().message;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, HasSigned,
                         testing::Values(StoreKind::memory, StoreKind::sqlite, StoreKind::postgres),
                         kind_name);

TEST_P(HasSigned, a_node_with_a_signed_row) {
  EXPECT_FALSE(has_signed("node-1")) << "nobody has";
  sign(duty_at(1), "node-1");
  const HeldLock newer = lock(duty_at(2), "node-1");
  EXPECT_TRUE(has_signed("node-1"));
  EXPECT_FALSE(has_signed("node-2"));
  EXPECT_FALSE(has_signed("node")) << "a part of its id";
  EXPECT_FALSE(has_signed("x' OR '1'='1")) << "the id is only text";
}

TEST_P(HasSigned, a_node_whose_signed_row_is_only_in_the_ledger) {
  sign(example_duty(), "node-1");
  database().delete_row(example_duty().key);
  ASSERT_TRUE(list({}).empty());
  EXPECT_TRUE(has_signed("node-1"));
  EXPECT_FALSE(has_signed("node-2"));
}

TEST_P(HasSigned, a_node_whose_signature_was_imported) {
  HistoryBatch batch;
  batch.duties = {
      {.duty = duty_at(1),
       .signature = signature_for(duty_at(1)),
       .node_id = "node-1",
       .pinned = false},
      {.duty = duty_at(2), .signature = std::nullopt, .node_id = "node-2", .pinned = true}};
  ASSERT_TRUE(loop.run(owner().import_history(batch, ImportMode::apply)).has_value());
  EXPECT_TRUE(has_signed("node-1"));
  EXPECT_FALSE(has_signed("node-2")) << "only pinned";
}

TEST_P(HasSigned, not_a_node_that_has_only_locks) {
  const HeldLock held = lock(duty_at(1), "node-1");
  pin(lock(duty_at(2), "node-1"), "the remote signer did not answer");
  EXPECT_FALSE(has_signed("node-1"));
  for (const std::int64_t slot : {1, 2}) database().delete_row(duty_at(slot).key);
  ASSERT_TRUE(row(duty_at(2).key).has_value()) << "the ledger has the pinned one";
  EXPECT_FALSE(has_signed("node-1"));
}

// The watermark refuses whatever such a node could contradict.
TEST_P(HasSigned, not_a_node_whose_duties_were_all_pruned) {
  sign(duty_at(1), "node-1");
  sign(duty_at(2), "node-1");
  database().delete_row(duty_at(2).key);
  prune_to(Slot(2));
  EXPECT_TRUE(has_signed("node-1")) << "slot 2 is left";
  prune_to(Slot(3));
  EXPECT_FALSE(has_signed("node-1"));
  expect<BelowWatermark>(ask(store, duty_at(2, 0, 0xbb), "node-1"), "claim");
}

TEST_P(HasSigned, in_gated_mode_the_stock_node) {
  gated_sign(example_duty(), "stock");
  EXPECT_EQ(row(example_duty().key)->status, DutyStatus::signing);
  EXPECT_TRUE(has_signed("stock"));
  EXPECT_FALSE(has_signed("node-1"));
  database().delete_row(example_duty().key);
  EXPECT_TRUE(has_signed("stock"));
}

class Watermark : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(Stores, Watermark,
                         testing::Values(StoreKind::memory, StoreKind::sqlite, StoreKind::postgres),
                         kind_name);

TEST_P(Watermark, refuses_its_slot_and_all_below_and_none_above) {
  database().raise_watermark(example_duty().key, Slot(100));
  for (const std::int64_t slot : {0, 99, 100}) {
    const auto below = expect<BelowWatermark>(ask(store, duty_at(slot), "node-1"), "claim");
    EXPECT_EQ(below.watermark, Slot(100)) << slot;
    const auto again = expect<BelowWatermark>(
        ask_take_over(store, duty_at(slot), "node-1", milliseconds(0)), "take-over");
    EXPECT_EQ(again.watermark, Slot(100)) << slot;
  }
  sign(duty_at(101));
}

TEST_P(Watermark, refuses_a_stock_node_too) {
  database().raise_watermark(example_duty().key, Slot(100));
  EXPECT_FALSE(database().insert_stock_row(duty_at(100), "stock", kStockToken));
  EXPECT_TRUE(database().insert_stock_row(duty_at(101), "stock", kStockToken));
}

TEST_P(Watermark, is_of_one_rollup_validator_and_duty_type) {
  database().raise_watermark(example_duty().key, Slot(100));
  sign(with_rollup(example_duty(), 0x12));
  sign(duty_of(DutyType::attestation));
  Duty other_validator = example_duty();
  other_validator.key.validator_address = filled_with<Address>(0x23);
  sign(other_validator);
}

// A lock that was taken before the watermark rose: what lies under it may be pruned already, so
// that nothing may be added to it.
TEST_P(Watermark, drops_a_signature_that_comes_after_it) {
  HeldLock below = lock(duty_at(100));
  HeldLock above = lock(duty_at(101));
  ASSERT_TRUE(database().insert_stock_row(duty_at(99, 0, 0xbb), "stock", kStockToken));
  HeldLock gated = expect<HeldLock>(find_gated(duty_at(99, 0, 0xbb)), "find");
  database().raise_watermark(example_duty().key, Slot(100));
  EXPECT_FALSE(record(std::move(below)));
  EXPECT_FALSE(record(std::move(gated)));
  EXPECT_TRUE(record(std::move(above)));
  EXPECT_EQ(row(duty_at(100).key)->signature, std::nullopt);
  EXPECT_EQ(row(duty_at(99).key)->signature, std::nullopt);
}

TEST_P(Watermark, still_tells_about_a_signed_row_below_it) {
  sign(example_duty(0xaa));
  database().raise_watermark(example_duty().key, Slot(100));
  EXPECT_EQ(taken(example_duty(0xbb)).message_hash, hash_of(0xaa));
}

}  // namespace
}  // namespace holdfast
