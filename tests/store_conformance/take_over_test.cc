// Taking over abandoned locks, pins, and what another implementation holds. Invariants: S1, S2.
#include "store_conformance/conformance.h"

namespace holdfast {
namespace {

using namespace holdfast::test;

class TakeOverLock : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(Stores, TakeOverLock,
                         testing::Values(StoreKind::memory, StoreKind::sqlite, StoreKind::postgres),
                         kind_name);

TEST_P(TakeOverLock, refuses_a_lock_that_is_younger_than_asked) {
  const HeldLock held = lock(example_duty(), "node-1");
  const ExistingDuty existing = not_taken_over(example_duty(), "node-2", seconds(3600));
  EXPECT_EQ(existing.node_id, "node-1");
  EXPECT_LT(existing.lock_age, seconds(3600));
  EXPECT_EQ(row(example_duty().key)->node_id, "node-1");
}

TEST_P(TakeOverLock, takes_a_lock_that_is_as_old_as_asked_with_its_own_hash_and_time) {
  const HeldLock held = lock(example_duty(0xaa), "node-1");
  database().age_row(example_duty().key, seconds(3600));
  EXPECT_GE(taken(example_duty()).lock_age, seconds(3600));
  HeldLock quick = take_over(example_duty(0xbb), "node-2", seconds(3600));
  const ExistingDuty existing = taken(example_duty());
  EXPECT_EQ(existing.node_id, "node-2");
  EXPECT_EQ(existing.message_hash, hash_of(0xbb));
  EXPECT_LT(existing.lock_age, seconds(3600)) << "the age counts from the take-over";
  EXPECT_TRUE(record(std::move(quick)));
}

TEST_P(TakeOverLock, claims_the_duty_when_the_row_is_gone) {
  EXPECT_TRUE(record(take_over(example_duty(), "node-2", seconds(3600))));
}

TEST_P(TakeOverLock, of_a_signed_duty_tells_who_signed) {
  sign(example_duty(), "node-1");
  const ExistingDuty existing = not_taken_over(example_duty(0xbb), "node-2", milliseconds(0));
  EXPECT_EQ(existing.status, DutyStatus::signed_);
  EXPECT_EQ(existing.message_hash, hash_of(0xaa));
}

TEST_P(TakeOverLock, never_takes_the_lock_of_another_implementation) {
  ASSERT_TRUE(database().insert_stock_row(example_duty(), "stock", kStockToken));
  database().age_row(example_duty().key, seconds(100000));
  const ExistingDuty existing = not_taken_over(example_duty(), "node-2", milliseconds(0));
  EXPECT_EQ(existing.holder, LockHolder::other_implementation);
  EXPECT_EQ(existing.node_id, "stock");
  EXPECT_GE(existing.lock_age, seconds(100000));
}

TEST_P(TakeOverLock, a_stale_owner_cannot_pin_release_or_record) {
  HeldLock slow = lock(example_duty(), "node-1");
  HeldLock quick = take_over(example_duty(0xbb), "node-2", milliseconds(0));
  pin(std::move(slow), "too late");
  EXPECT_EQ(row(example_duty().key)->holder, LockHolder::holdfast);
  EXPECT_EQ(row(example_duty().key)->error_message, "");
  EXPECT_TRUE(record(std::move(quick)));
}

TEST_P(TakeOverLock, a_stale_owner_of_the_same_message_writes_nothing) {
  HeldLock slow = lock(example_duty(), "node-1");
  HeldLock quick = take_over(example_duty(), "node-2", milliseconds(0));
  EXPECT_FALSE(record(std::move(slow)));
  EXPECT_EQ(row(example_duty().key)->status, DutyStatus::signing);
  EXPECT_FALSE(row(example_duty().key)->signature.has_value());
  EXPECT_EQ(row(example_duty().key)->node_id, "node-2");
  EXPECT_TRUE(record(std::move(quick)));
}

class PinnedLock : public StoreTest {
 protected:
  void pin_duty(const Duty& duty) { pin(lock(duty, "node-1"), "the remote signer timed out"); }
};
INSTANTIATE_TEST_SUITE_P(Stores, PinnedLock,
                         testing::Values(StoreKind::memory, StoreKind::sqlite, StoreKind::postgres),
                         kind_name);

TEST_P(PinnedLock, says_that_it_is_pinned_and_why) {
  pin_duty(example_duty());
  const auto found = row(example_duty().key);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->status, DutyStatus::signing);
  EXPECT_EQ(found->holder, LockHolder::holdfast_pinned);
  EXPECT_EQ(found->error_message, "the remote signer timed out");
  const ExistingDuty existing = taken(example_duty(0xbb));
  EXPECT_EQ(existing.holder, LockHolder::holdfast_pinned);
  EXPECT_TRUE(existing.pinned_idle);
  EXPECT_EQ(existing.message_hash, hash_of(0xaa));
}

TEST_P(PinnedLock, is_never_taken_over_with_another_hash) {
  pin_duty(example_duty(0xaa));
  database().age_row(example_duty().key, seconds(100000));
  const ExistingDuty existing = not_taken_over(example_duty(0xbb), "node-2", milliseconds(0));
  EXPECT_EQ(existing.message_hash, hash_of(0xaa));
  EXPECT_EQ(row(example_duty().key)->duty.message_hash, hash_of(0xaa));
}

TEST_P(PinnedLock, is_taken_over_at_once_with_its_own_hash_and_stays_pinned) {
  pin_duty(example_duty());
  HeldLock held = take_over(example_duty(), "node-2", seconds(3600));
  const ExistingDuty existing = taken(example_duty(), "node-3");
  EXPECT_EQ(existing.holder, LockHolder::holdfast_pinned);
  EXPECT_EQ(existing.node_id, "node-2");
  EXPECT_FALSE(existing.pinned_idle) << "node-2 is at work on it";
  EXPECT_TRUE(record(std::move(held)));
  EXPECT_EQ(row(example_duty().key)->signature, signature_for(example_duty()));
  EXPECT_EQ(row(example_duty().key)->error_message, "");
}

TEST_P(PinnedLock, in_use_is_taken_over_only_when_abandoned) {
  pin_duty(example_duty());
  const HeldLock held = take_over(example_duty(), "node-2", seconds(3600));
  EXPECT_EQ(not_taken_over(example_duty(), "node-3", seconds(3600)).node_id, "node-2");
  database().age_row(example_duty().key, seconds(3600));
  EXPECT_TRUE(record(take_over(example_duty(), "node-3", seconds(3600))));
}

TEST_P(PinnedLock, stays_pinned_when_it_is_released) {
  pin_duty(example_duty());
  release(take_over(example_duty(), "node-2", milliseconds(0)));
  const auto found = row(example_duty().key);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->holder, LockHolder::holdfast_pinned);
  EXPECT_EQ(not_taken_over(example_duty(0xbb), "node-3", milliseconds(0)).message_hash,
            hash_of(0xaa));
  EXPECT_TRUE(record(take_over(example_duty(), "node-3", milliseconds(0))));
}

TEST_P(PinnedLock, may_be_pinned_again) {
  pin_duty(example_duty());
  pin(take_over(example_duty(), "node-2", milliseconds(0)), "it timed out again");
  EXPECT_EQ(row(example_duty().key)->holder, LockHolder::holdfast_pinned);
  EXPECT_EQ(row(example_duty().key)->error_message, "it timed out again");
  EXPECT_TRUE(taken(example_duty()).pinned_idle);
}

TEST_P(PinnedLock, is_not_stuck) {
  pin_duty(example_duty());
  database().age_row(example_duty().key, seconds(100000));
  Result<std::int64_t> deleted = loop.run(store.delete_stuck("node-1", milliseconds(0)));
  ASSERT_TRUE(deleted.has_value());
  EXPECT_EQ(*deleted, 0);
  EXPECT_TRUE(row(example_duty().key).has_value());
}

TEST_P(PinnedLock, that_another_program_deletes_still_holds_its_hash) {
  pin_duty(example_duty(0xaa));
  database().delete_row(example_duty().key);
  for (const bool asks_to_take_over : {false, true}) {
    SCOPED_TRACE(asks_to_take_over);
    const ExistingDuty existing =
        asks_to_take_over ? not_taken_over(example_duty(0xbb), "node-2", milliseconds(0))
                          : taken(example_duty(0xbb));
    EXPECT_EQ(existing.message_hash, hash_of(0xaa));
    EXPECT_EQ(existing.holder, LockHolder::holdfast_pinned);
    EXPECT_EQ(existing.status, DutyStatus::signing);
  }
  EXPECT_FALSE(database().insert_stock_row(example_duty(0xbb), "stock", kStockToken));
  EXPECT_TRUE(record(take_over(example_duty(0xaa), "node-2", milliseconds(0))));
  EXPECT_EQ(row(example_duty().key)->status, DutyStatus::signed_);
}

}  // namespace
}  // namespace holdfast
