// Claiming, recording and releasing: the upstream checklist's items on insert, update and delete,
// on every store. Invariants: S1, S2.
#include "store_conformance/conformance.h"

namespace holdfast {
namespace {

using namespace holdfast::test;

class Claim : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(Stores, Claim,
                         testing::Values(StoreKind::memory, StoreKind::sqlite, StoreKind::postgres),
                         kind_name);

template <class Row>
concept TellsTheToken = requires(Row row) {
  row.lock_token;
}
|| requires(Row row) {
  row.token;
};

TEST_P(Claim, item_01_a_new_duty_is_locked_and_its_row_is_signing) {
  const HeldLock held = lock(example_duty());
  EXPECT_EQ(held.duty(), example_duty());
  EXPECT_FALSE(held.gated());
  const auto found = row(example_duty().key);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->duty, example_duty());
  EXPECT_EQ(found->status, DutyStatus::signing);
  EXPECT_EQ(found->node_id, "node-1");
  EXPECT_EQ(found->holder, LockHolder::holdfast);
  EXPECT_EQ(found->signature, std::nullopt);
  EXPECT_EQ(found->completed_at_ms, std::nullopt);
  EXPECT_EQ(found->error_message, "");
}

TEST_P(Claim, item_02_a_second_claim_is_taken_and_the_first_node_is_kept) {
  const HeldLock held = lock(example_duty(0xaa), "node-1");
  const ExistingDuty existing = taken(example_duty(0xbb), "node-2");
  EXPECT_EQ(existing.status, DutyStatus::signing);
  EXPECT_EQ(existing.node_id, "node-1");
  EXPECT_EQ(existing.message_hash, hash_of(0xaa));
  EXPECT_EQ(existing.holder, LockHolder::holdfast);
  EXPECT_FALSE(existing.pinned_idle);
  EXPECT_GE(existing.lock_age.count(), 0);
  EXPECT_EQ(row(example_duty().key)->node_id, "node-1");
}

// Aztec hides the token of an existing row as ''; here no answer has a place for one.
TEST_P(Claim, item_03_no_answer_tells_the_token_of_a_row) {
  static_assert(!TellsTheToken<DutyRow> && !TellsTheToken<Taken> && !TellsTheToken<ExistingDuty>);
  const HeldLock held = lock(example_duty());
  EXPECT_EQ(taken(example_duty()).signature, std::nullopt);
}

TEST_P(Claim, item_04_two_duty_types_of_one_slot_are_two_duties) {
  sign(duty_of(DutyType::checkpoint_proposal, 0xaa));
  sign(duty_of(DutyType::attestation, 0xbb));
}

TEST_P(Claim, item_05_one_duty_type_in_two_slots_is_two_duties) {
  sign(duty_at(100));
  sign(duty_at(101, 0, 0xbb));
}

TEST_P(Claim, item_06_a_record_sets_signature_and_completed_at) {
  sign(example_duty());
  const auto found = row(example_duty().key);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->status, DutyStatus::signed_);
  EXPECT_EQ(found->signature, signature_for(example_duty()));
  ASSERT_TRUE(found->completed_at_ms.has_value());
  EXPECT_GE(*found->completed_at_ms, found->started_at_ms);
}

TEST_P(Claim, item_07_wrong_token_updates_no_row) {
  HeldLock slow = lock(example_duty(0xaa), "node-1");
  const HeldLock quick = take_over(example_duty(0xbb), "node-2", milliseconds(0));
  EXPECT_FALSE(record(std::move(slow)));
  const auto found = row(example_duty().key);
  EXPECT_EQ(found->status, DutyStatus::signing);
  EXPECT_EQ(found->node_id, "node-2");
  EXPECT_EQ(found->duty.message_hash, hash_of(0xbb));
  EXPECT_EQ(found->signature, std::nullopt);
}

// Upstream's test of this passes for the wrong reason (its arguments are swapped). Here the token
// is right and the row is signed.
TEST_P(Claim, item_08_a_signed_row_is_not_recorded_again_and_keeps_its_signature) {
  ASSERT_TRUE(database().insert_stock_row(example_duty(), "stock", kStockToken));
  HeldLock first = expect<HeldLock>(find_gated(example_duty()), "find");
  HeldLock second = expect<HeldLock>(find_gated(example_duty()), "find");
  EXPECT_TRUE(record(std::move(first)));
  EXPECT_FALSE(record(std::move(second)));
  EXPECT_EQ(row(example_duty().key)->signature, signature_for(example_duty()));
}

TEST_P(Claim, item_09_a_released_lock_leaves_no_row) {
  release(lock(example_duty()));
  EXPECT_EQ(row(example_duty().key), std::nullopt);
}

TEST_P(Claim, item_10_wrong_token_releases_nothing) {
  HeldLock slow = lock(example_duty(), "node-1");
  const HeldLock quick = take_over(example_duty(), "node-2", milliseconds(0));
  release(std::move(slow));
  ASSERT_TRUE(row(example_duty().key).has_value());
  EXPECT_EQ(row(example_duty().key)->node_id, "node-2");
}

TEST_P(Claim, item_11_a_signed_row_is_not_released) {
  HeldLock slow = lock(example_duty(), "node-1");
  EXPECT_TRUE(record(take_over(example_duty(), "node-2", milliseconds(0))));
  release(std::move(slow));
  EXPECT_EQ(row(example_duty().key)->status, DutyStatus::signed_);
}

TEST_P(Claim, item_28_record_says_yes_for_the_lock_that_it_holds) {
  EXPECT_TRUE(record(lock(example_duty())));
}

TEST_P(Claim, item_29_record_says_no_when_the_lock_was_taken_over) {
  HeldLock slow = lock(example_duty(), "node-1");
  const HeldLock quick = take_over(example_duty(), "node-2", milliseconds(0));
  EXPECT_FALSE(record(std::move(slow)));
}

TEST_P(Claim, item_30_record_says_no_when_the_row_is_missing) {
  HeldLock held = lock(example_duty());
  database().delete_row(example_duty().key);
  EXPECT_FALSE(record(std::move(held)));
  EXPECT_EQ(row(example_duty().key), std::nullopt);
}

TEST_P(Claim, item_31_record_says_no_when_the_row_is_not_signing) {
  HeldLock slow = lock(example_duty(0xaa), "node-1");
  EXPECT_TRUE(record(take_over(example_duty(0xbb), "node-2", milliseconds(0))));
  EXPECT_FALSE(record(std::move(slow)));
  EXPECT_EQ(row(example_duty().key)->duty.message_hash, hash_of(0xbb));
}

TEST_P(Claim, item_32_record_finds_the_row_of_index_minus_one) {
  const Duty duty = duty_of(DutyType::attestation);
  ASSERT_EQ(duty.key.block_index_within_checkpoint, kNoBlockIndex);
  sign(duty);
  EXPECT_EQ(row(duty.key)->status, DutyStatus::signed_);
}

TEST_P(Claim, item_33_release_gives_the_duty_free) {
  release(lock(example_duty(0xaa), "node-1"));
  sign(example_duty(0xbb), "node-2");
}

TEST_P(Claim, item_34_release_with_a_lost_lock_leaves_the_new_owner_alone) {
  HeldLock slow = lock(example_duty(), "node-1");
  HeldLock quick = take_over(example_duty(), "node-2", milliseconds(0));
  release(std::move(slow));
  EXPECT_TRUE(record(std::move(quick)));
}

TEST_P(Claim, item_35_release_of_a_missing_row_does_nothing) {
  HeldLock held = lock(example_duty());
  database().delete_row(example_duty().key);
  release(std::move(held));
  EXPECT_EQ(row(example_duty().key), std::nullopt);
}

TEST_P(Claim, item_36_release_after_another_node_signed_keeps_the_signature) {
  HeldLock slow = lock(example_duty(), "node-1");
  EXPECT_TRUE(record(take_over(example_duty(), "node-2", milliseconds(0))));
  release(std::move(slow));
  EXPECT_EQ(row(example_duty().key)->signature, signature_for(example_duty()));
}

TEST_P(Claim, item_37_release_finds_the_row_of_index_minus_one) {
  const Duty duty = duty_of(DutyType::governance_vote);
  release(lock(duty));
  EXPECT_EQ(row(duty.key), std::nullopt);
}

TEST_P(Claim, item_38_one_duty_on_two_rollups_is_two_duties) {
  sign(with_rollup(example_duty(0xaa), 0x11));
  sign(with_rollup(example_duty(0xbb), 0x12));
}

TEST_P(Claim, item_39_record_changes_its_own_rollup_only) {
  const Duty other = with_rollup(example_duty(), 0x12);
  const HeldLock waiting = lock(other);
  sign(example_duty());
  EXPECT_EQ(row(other.key)->status, DutyStatus::signing);
}

TEST_P(Claim, item_40_release_deletes_from_its_own_rollup_only) {
  const Duty other = with_rollup(example_duty(), 0x12);
  const HeldLock waiting = lock(other);
  release(lock(example_duty()));
  EXPECT_TRUE(row(other.key).has_value());
  EXPECT_EQ(row(example_duty().key), std::nullopt);
}

TEST_P(Claim, item_41_three_indices_on_two_rollups_are_six_duties) {
  for (const std::uint8_t rollup : {std::uint8_t{0x11}, std::uint8_t{0x12}}) {
    for (const std::int32_t index : {0, 1, 2}) {
      sign(with_rollup(duty_at(100, index, static_cast<std::uint8_t>(rollup + index)), rollup));
    }
  }
  DutyFilter all;
  all.limit = 100;
  EXPECT_EQ(list(all).size(), 6U);
}

// Upstream's older-than-5-minutes rule is our min_age. Ours leaves what may have been signed.
TEST_P(Claim, item_42_stuck_locks_of_the_own_node_are_deleted_and_counted) {
  for (const std::int64_t slot : {1, 2, 3, 4}) {
    const HeldLock held = lock(duty_at(slot), slot == 4 ? "node-2" : "node-1");
    if (slot != 3) database().age_row(duty_at(slot).key, seconds(200));
  }
  Result<std::int64_t> deleted = loop.run(store.delete_stuck("node-1", seconds(144)));
  ASSERT_TRUE(deleted.has_value()) << deleted.error().message;
  EXPECT_EQ(*deleted, 2);
  EXPECT_EQ(row(duty_at(1).key), std::nullopt);
  EXPECT_EQ(row(duty_at(2).key), std::nullopt);
  EXPECT_TRUE(row(duty_at(3).key).has_value()) << "too young";
  EXPECT_TRUE(row(duty_at(4).key).has_value()) << "another node's";
}

TEST_P(Claim, a_row_may_be_claimed_again_with_the_same_hash_after_release) {
  release(lock(example_duty()));
  sign(example_duty());
  EXPECT_EQ(taken(example_duty()).signature, signature_for(example_duty()));
}

TEST_P(Claim, a_signed_duty_tells_its_hash_node_and_signature) {
  sign(example_duty(), "node-1");
  const ExistingDuty existing = taken(example_duty(0xbb), "node-2");
  EXPECT_EQ(existing.status, DutyStatus::signed_);
  EXPECT_EQ(existing.message_hash, hash_of(0xaa));
  EXPECT_EQ(existing.node_id, "node-1");
  EXPECT_EQ(existing.signature, signature_for(example_duty()));
}

TEST_P(Claim, the_numbers_of_a_duty_are_kept) {
  Duty duty = duty_of(DutyType::checkpoint_proposal);
  duty.block_number = BlockNumber(0);
  duty.checkpoint_number = CheckpointNumber(77);
  sign(duty);
  EXPECT_EQ(row(duty.key)->duty, duty);
}

struct LargeSlot {
  const char* name;
  std::int64_t number;
};
constexpr LargeSlot kLargeNumbers[] = {{"zero", 0},
                                       {"2^53 - 1", 9007199254740991},
                                       {"2^53", 9007199254740992},
                                       {"2^63 - 1", 9223372036854775807}};

TEST_P(Claim, item_26_large_slots_are_kept_to_the_digit) {
  for (const LargeSlot& large : kLargeNumbers) {
    SCOPED_TRACE(large.name);
    const Duty duty = duty_at(large.number);
    sign(duty);
    EXPECT_EQ(row(duty.key)->duty.key.slot, Slot(large.number));
    EXPECT_EQ(taken(with_hash(duty, 0xbb)).message_hash, hash_of(0xaa));
  }
}

TEST_P(Claim, item_27_large_block_numbers_are_kept_to_the_digit) {
  std::int64_t slot = 0;
  for (const LargeSlot& large : kLargeNumbers) {
    SCOPED_TRACE(large.name);
    Duty duty = duty_at(++slot);
    duty.block_number = BlockNumber(large.number);
    duty.checkpoint_number = CheckpointNumber(large.number);
    sign(duty);
    EXPECT_EQ(row(duty.key)->duty, duty);
  }
}

}  // namespace
}  // namespace holdfast
