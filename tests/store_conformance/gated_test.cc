// Gated mode: finding the row that a stock Aztec node inserted and writing the signature into it.
// The two double signs of Aztec 4.1.2 (W1, W2) end here. Invariants: S1, S2.
#include "store_conformance/conformance.h"

namespace holdfast {
namespace {

using namespace holdfast::test;

class Gated : public StoreTest {
 protected:
  void insert(const Duty& duty, const std::string& token = kStockToken) {
    ASSERT_TRUE(database().insert_stock_row(duty, "stock", token));
  }
  HeldLock found(const Duty& duty) { return expect<HeldLock>(find_gated(duty), "find"); }
  bool finds_nothing(const Duty& duty) {
    Result<GatedAnswer> answer = find_gated(duty);
    return answer.has_value() && std::holds_alternative<std::monostate>(*answer);
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, Gated,
                         testing::Values(StoreKind::memory, StoreKind::sqlite, StoreKind::postgres),
                         kind_name);

TEST_P(Gated, finds_the_row_by_rollup_validator_and_hash) {
  insert(example_duty());
  const HeldLock held = found(example_duty());
  EXPECT_TRUE(held.gated());
  EXPECT_EQ(held.duty(), example_duty());
}

TEST_P(Gated, finds_nothing_where_nobody_is_signing_that_message) {
  EXPECT_TRUE(finds_nothing(example_duty()));
  insert(example_duty(0xaa));
  EXPECT_TRUE(finds_nothing(example_duty(0xbb))) << "another hash";
  EXPECT_TRUE(finds_nothing(with_rollup(example_duty(), 0x12))) << "another rollup";
  Duty other = example_duty();
  other.key.validator_address = filled_with<Address>(0x23);
  EXPECT_TRUE(finds_nothing(other)) << "another validator";
}

TEST_P(Gated, writes_the_signature_and_leaves_the_status_to_the_stock_node) {
  insert(example_duty());
  EXPECT_TRUE(record(found(example_duty())));
  const auto written = row(example_duty().key);
  EXPECT_EQ(written->status, DutyStatus::signing);
  EXPECT_EQ(written->signature, signature_for(example_duty()));
  EXPECT_EQ(written->node_id, "stock");
  EXPECT_EQ(written->completed_at_ms, std::nullopt);
}

TEST_P(Gated, a_row_with_our_signature_counts_as_signed_for_everybody) {
  insert(example_duty(0xaa));
  EXPECT_TRUE(record(found(example_duty(0xaa))));
  const ExistingDuty existing = taken(example_duty(0xbb));
  EXPECT_EQ(existing.status, DutyStatus::signed_);
  EXPECT_EQ(existing.message_hash, hash_of(0xaa));
  const ExistingDuty again = expect<Taken>(find_gated(example_duty(0xaa)), "find").existing;
  EXPECT_EQ(again.status, DutyStatus::signed_);
  EXPECT_EQ(again.signature, signature_for(example_duty(0xaa)));
}

// W1 and W2: the row of the slow node is deleted and another node inserts other data.
TEST_P(Gated, drops_the_signature_when_the_row_was_replaced_while_signing) {
  insert(example_duty(0xaa), kStockToken);
  HeldLock slow = found(example_duty(0xaa));
  database().delete_row(example_duty().key);
  insert(example_duty(0xbb), "ffffffffffffffffffffffffffffffff");
  EXPECT_TRUE(record(found(example_duty(0xbb))));
  EXPECT_FALSE(record(std::move(slow)));
  EXPECT_TRUE(finds_nothing(example_duty(0xaa)));
  EXPECT_EQ(row(example_duty().key)->duty.message_hash, hash_of(0xbb));
}

TEST_P(Gated, drops_the_signature_when_the_same_message_has_another_lock) {
  insert(example_duty(), kStockToken);
  HeldLock slow = found(example_duty());
  database().delete_row(example_duty().key);
  insert(example_duty(), "ffffffffffffffffffffffffffffffff");
  EXPECT_FALSE(record(std::move(slow)));
}

TEST_P(Gated, remembers_a_signed_row_that_the_stock_node_deletes) {
  insert(example_duty(0xaa));
  EXPECT_TRUE(record(found(example_duty(0xaa))));
  database().delete_row(example_duty().key);
  EXPECT_FALSE(database().insert_stock_row(example_duty(0xbb), "stock", kStockToken));
  EXPECT_EQ(taken(example_duty(0xbb)).message_hash, hash_of(0xaa));
}

TEST_P(Gated, a_message_that_was_signed_and_deleted_is_not_signed_anew) {
  insert(example_duty());
  EXPECT_TRUE(record(found(example_duty())));
  database().delete_row(example_duty().key);
  insert(example_duty(), "ffffffffffffffffffffffffffffffff");
  const ExistingDuty existing = expect<Taken>(find_gated(example_duty()), "find").existing;
  EXPECT_EQ(existing.status, DutyStatus::signed_);
  EXPECT_EQ(existing.signature, signature_for(example_duty()));
}

TEST_P(Gated, refuses_a_row_at_or_below_the_watermark) {
  insert(duty_at(100, 0, 0xaa));
  insert(duty_at(101, 0, 0xbb));
  database().raise_watermark(example_duty().key, Slot(100));
  const auto below = expect<BelowWatermark>(find_gated(duty_at(100, 0, 0xaa)), "find");
  EXPECT_EQ(below.watermark, Slot(100));
  EXPECT_EQ(found(duty_at(101, 0, 0xbb)).duty().key.slot, Slot(101));
}

TEST_P(Gated, does_not_sign_under_the_lock_of_a_holdfast_node) {
  const HeldLock ours = lock(example_duty(), "node-1");
  const ExistingDuty existing = expect<Taken>(find_gated(example_duty()), "find").existing;
  EXPECT_EQ(existing.status, DutyStatus::signing);
  EXPECT_EQ(existing.holder, LockHolder::holdfast);
}

TEST_P(Gated, answers_with_the_newest_of_two_rows_with_one_hash) {
  insert(duty_at(100));
  insert(duty_at(101));
  database().age_row(duty_at(101).key, seconds(100));
  EXPECT_EQ(found(example_duty()).duty().key.slot, Slot(100));
  database().age_row(duty_at(100).key, seconds(200));
  EXPECT_EQ(found(example_duty()).duty().key.slot, Slot(101));
}

TEST_P(Gated, answers_with_a_stock_nodes_row_before_one_of_ours) {
  insert(duty_at(100));
  const HeldLock ours = lock(duty_at(101), "node-1");
  EXPECT_EQ(found(example_duty()).duty().key.slot, Slot(100));
}

TEST_P(Gated, release_and_pin_leave_the_stock_nodes_row_alone) {
  insert(example_duty());
  release(found(example_duty()));
  pin(found(example_duty()), "not ours to pin");
  const auto untouched = row(example_duty().key);
  ASSERT_TRUE(untouched.has_value());
  EXPECT_EQ(untouched->holder, LockHolder::other_implementation);
  EXPECT_EQ(untouched->error_message, "");
}

TEST_P(Gated, a_stock_nodes_lock_is_not_stuck) {
  insert(example_duty());
  database().age_row(example_duty().key, seconds(100000));
  Result<std::int64_t> deleted = loop.run(store.delete_stuck("stock", milliseconds(0)));
  ASSERT_TRUE(deleted.has_value());
  EXPECT_EQ(*deleted, 0);
}

}  // namespace
}  // namespace holdfast
