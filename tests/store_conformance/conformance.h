// What the tests of the suite share: a fresh database, a first store on it, and the operations of
// DutyStore with their answers unpacked. A wrong kind of answer fails the test on the spot.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "keys/key_ring.h"
#include "store_conformance/store_under_test.h"
#include "support/example_duty.h"
#include "support/test_key.h"
#include "support/test_loop.h"

namespace holdfast::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr const char* kStockToken = "0123456789abcdef0123456789abcdef";

class StoreTest : public testing::TestWithParam<StoreKind> {
 protected:
  StoreTest() : database_(make_store(GetParam(), loop)), store(database_->open()) {
    for (std::uint8_t validator = 0x20; validator < 0x30; ++validator) {
      keys.add(filled_with<Address>(validator), {.attester = true}, backend);
    }
  }

  LockToken next_token() { return LockToken::from_random(random.bytes16()); }

  Result<ClaimAnswer> ask(DutyStore& at, const Duty& duty, const std::string& node) {
    return loop.run(at.claim(duty, node, next_token()));
  }
  Result<ClaimAnswer> ask_take_over(DutyStore& at, const Duty& duty, const std::string& node,
                                    milliseconds min_age) {
    return loop.run(at.take_over(duty, node, next_token(), min_age));
  }

  template <class Wanted, class Answer>
  static Wanted expect(Result<Answer> answer, const char* what) {
    if (!answer) {
      ADD_FAILURE() << what << ": " << answer.error().message;
    } else if (!std::holds_alternative<Wanted>(*answer)) {
      ADD_FAILURE() << what << " gave alternative " << answer->index();
    }
    CHECK(answer.has_value() && std::holds_alternative<Wanted>(*answer));
    return std::get<Wanted>(std::move(*answer));
  }

  HeldLock lock(const Duty& duty, const std::string& node = "node-1") {
    return expect<HeldLock>(ask(store, duty, node), "claim");
  }
  ExistingDuty taken(const Duty& duty, const std::string& node = "node-2") {
    return expect<Taken>(ask(store, duty, node), "claim").existing;
  }
  HeldLock take_over(const Duty& duty, const std::string& node, milliseconds min_age) {
    return expect<HeldLock>(ask_take_over(store, duty, node, min_age), "take-over");
  }
  ExistingDuty not_taken_over(const Duty& duty, const std::string& node, milliseconds min_age) {
    return expect<Taken>(ask_take_over(store, duty, node, min_age), "take-over").existing;
  }

  SealedSignature seal(const HeldLock& held) {
    SignableMessage message{MessageForm::eth_sign, held.duty().message_hash, ""};
    auto sealed = loop.run(keys.sign(held, std::move(message)));
    CHECK(std::holds_alternative<SealedSignature>(sealed));
    return std::get<SealedSignature>(std::move(sealed));
  }
  Signature signature_for(const Duty& duty) {
    return sign_digest(plain_key_one(),
                       SignableMessage{MessageForm::eth_sign, duty.message_hash, ""}.digest());
  }

  /** Signs and records; true when the signature may be released, false when the lock was lost. */
  bool record(HeldLock held) {
    const SealedSignature sealed = seal(held);
    Result<RecordAnswer> answer = loop.run(store.record(std::move(held), sealed));
    if (!answer) ADD_FAILURE() << "record: " << answer.error().message;
    CHECK(answer.has_value());
    return std::holds_alternative<SignedRecord>(*answer);
  }
  void sign(const Duty& duty, const std::string& node = "node-1") {
    EXPECT_TRUE(record(lock(duty, node)));
  }
  void release(HeldLock held) {
    Result<void> answer = loop.run(store.release(std::move(held)));
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
  }
  void pin(HeldLock held, const std::string& reason) {
    Result<void> answer = loop.run(store.pin(std::move(held), reason));
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
  }
  Result<GatedAnswer> find_gated(const Duty& duty) {
    return loop.run(
        store.find_gated(duty.key.rollup_address, duty.key.validator_address, duty.message_hash));
  }

  std::optional<DutyRow> row(const DutyKey& key) {
    Result<std::optional<DutyRow>> read = loop.run(store.read(key));
    if (!read) ADD_FAILURE() << "read: " << read.error().message;
    CHECK(read.has_value());
    return *std::move(read);
  }
  std::vector<DutyRow> list(DutyFilter filter) {
    Result<std::vector<DutyRow>> rows = loop.run(store.list(std::move(filter)));
    if (!rows) ADD_FAILURE() << "list: " << rows.error().message;
    CHECK(rows.has_value());
    return *std::move(rows);
  }

  TestLoop loop;
  CountingRandom random;
  std::shared_ptr<TestKey> backend = std::make_shared<TestKey>(loop.clock());
  KeyRing keys;

 private:
  std::unique_ptr<StoreUnderTest> database_;
  DutyStore* owner_ = nullptr;

 protected:
  StoreUnderTest& database() { return *database_; }
  /** The same database with the rights that importing needs. */
  DutyStore& owner() {
    if (owner_ == nullptr) owner_ = &database_->open_as_owner();
    return *owner_;
  }
  DutyStore& store;
};

inline std::string kind_name(const testing::TestParamInfo<StoreKind>& info) {
  return name_of(info.param);
}

/** A duty like the example, at another place. */
inline Duty duty_at(std::int64_t slot, std::int32_t index = 0, std::uint8_t hash_byte = 0xaa) {
  Duty duty = example_duty(hash_byte);
  duty.key.slot = Slot(slot);
  duty.key.block_index_within_checkpoint = BlockIndex(index);
  return duty;
}
inline Duty duty_of(DutyType type, std::uint8_t hash_byte = 0xaa) {
  Duty duty = example_duty(hash_byte);
  duty.key.duty_type = type;
  if (type != DutyType::block_proposal) duty.key.block_index_within_checkpoint = kNoBlockIndex;
  if (is_vote(type)) duty.block_number = BlockNumber(0);
  return duty;
}
inline Duty with_rollup(Duty duty, std::uint8_t rollup_byte) {
  duty.key.rollup_address = filled_with<RollupAddress>(rollup_byte);
  return duty;
}
inline Duty with_hash(Duty duty, std::uint8_t hash_byte) {
  duty.message_hash = hash_of(hash_byte);
  return duty;
}

}  // namespace holdfast::test
