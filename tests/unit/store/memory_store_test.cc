// What is particular to the memory store: the faults that tests and the simulation inject, and
// how DutyStore resolves them (S5). Its behaviour as a store is tested in tests/store_conformance.
#include "store/memory/memory_store.h"

#include <memory>

#include <gtest/gtest.h>

#include "keys/key_ring.h"
#include "support/example_duty.h"
#include "support/test_key.h"
#include "support/virtual_clock.h"

namespace holdfast {
namespace {

using namespace holdfast::test;

class MemoryFaults : public testing::Test {
 protected:
  MemoryFaults() {
    keys.add(filled_with<Address>(0x22), {.attester = true}, std::make_shared<TestKey>(clock));
  }
  Result<ClaimAnswer> claim(const Duty& duty) {
    return clock.run(store.claim(duty, "node-1", LockToken::from_random(random.bytes16())));
  }
  HeldLock lock(const Duty& duty) {
    Result<ClaimAnswer> answer = claim(duty);
    CHECK(answer.has_value() && std::holds_alternative<HeldLock>(*answer));
    return std::get<HeldLock>(std::move(*answer));
  }
  Result<RecordAnswer> record(HeldLock held) {
    SignableMessage message{MessageForm::eth_sign, held.duty().message_hash, ""};
    auto sealed = clock.run(keys.sign(held, std::move(message)));
    return clock.run(store.record(std::move(held), std::get<SealedSignature>(sealed)));
  }
  std::optional<DutyRow> row() { return *clock.run(store.read(example_duty().key)); }

  VirtualClock clock;
  CountingRandom random;
  KeyRing keys;
  MemoryStore store{clock};
};

TEST_F(MemoryFaults, a_refused_claim_changes_nothing) {
  store.inject(MemoryFault::refused);
  Result<ClaimAnswer> answer = claim(example_duty());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(row(), std::nullopt);
}

TEST_F(MemoryFaults, a_claim_in_doubt_that_was_done_is_ours) {
  store.inject(MemoryFault::in_doubt_done);
  Result<ClaimAnswer> answer = claim(example_duty());
  ASSERT_TRUE(answer.has_value());
  ASSERT_TRUE(std::holds_alternative<HeldLock>(*answer));
  EXPECT_TRUE(record(std::get<HeldLock>(std::move(*answer))).has_value());
}

TEST_F(MemoryFaults, a_claim_in_doubt_that_was_not_done_is_an_error) {
  store.inject(MemoryFault::in_doubt_not_done);
  EXPECT_FALSE(claim(example_duty()).has_value());
  EXPECT_EQ(row(), std::nullopt);
}

TEST_F(MemoryFaults, a_take_over_of_a_pinned_lock_in_doubt_is_ours_and_stays_pinned) {
  EXPECT_TRUE(clock.run(store.pin(lock(example_duty()), "may have signed")).has_value());
  store.inject(MemoryFault::in_doubt_done);
  Result<ClaimAnswer> answer =
      clock.run(store.take_over(example_duty(), "node-2", LockToken::from_random(random.bytes16()),
                                std::chrono::milliseconds(0)));
  ASSERT_TRUE(answer.has_value());
  ASSERT_TRUE(std::holds_alternative<HeldLock>(*answer));
  EXPECT_EQ(row()->holder, LockHolder::holdfast_pinned);
  EXPECT_TRUE(record(std::get<HeldLock>(std::move(*answer))).has_value());
  EXPECT_EQ(row()->status, DutyStatus::signed_);
}

TEST_F(MemoryFaults, a_record_in_doubt_that_was_done_releases) {
  HeldLock held = lock(example_duty());
  store.inject(MemoryFault::in_doubt_done);
  Result<RecordAnswer> answer = record(std::move(held));
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(std::holds_alternative<SignedRecord>(*answer));
}

TEST_F(MemoryFaults, a_record_in_doubt_that_was_not_done_is_done_again) {
  HeldLock held = lock(example_duty());
  store.inject(MemoryFault::in_doubt_not_done);
  Result<RecordAnswer> answer = record(std::move(held));
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(std::holds_alternative<SignedRecord>(*answer));
  EXPECT_EQ(row()->status, DutyStatus::signed_);
}

TEST_F(MemoryFaults, a_record_in_doubt_whose_row_was_deleted_is_found_in_the_ledger) {
  HeldLock held = lock(example_duty());
  SignableMessage message{MessageForm::eth_sign, held.duty().message_hash, ""};
  auto sealed = clock.run(keys.sign(held, std::move(message)));
  std::optional<Result<RecordAnswer>> answer;
  store.inject(MemoryFault::in_doubt_done);
  start(store.record(std::move(held), std::get<SealedSignature>(sealed)),
        [&](Result<RecordAnswer> given) { answer.emplace(std::move(given)); });
  store.delete_row(example_duty().key);
  while (!answer && clock.step()) {
  }
  ASSERT_TRUE(answer.has_value() && answer->has_value());
  EXPECT_TRUE(std::holds_alternative<SignedRecord>(**answer));
}

TEST_F(MemoryFaults, a_record_that_is_refused_releases_nothing) {
  HeldLock held = lock(example_duty());
  store.inject(MemoryFault::refused);
  EXPECT_FALSE(record(std::move(held)).has_value());
  EXPECT_EQ(row()->status, DutyStatus::signing);
}

TEST_F(MemoryFaults, last_for_as_many_operations_as_told) {
  store.inject(MemoryFault::refused, 2);
  EXPECT_FALSE(claim(example_duty()).has_value());
  EXPECT_FALSE(claim(example_duty()).has_value());
  EXPECT_TRUE(claim(example_duty()).has_value());
}

}  // namespace
}  // namespace holdfast
