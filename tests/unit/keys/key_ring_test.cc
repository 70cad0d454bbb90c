// Who may sign what: attesters messages, publishers transactions, and nobody anything else.
// Invariant: S1 (what the ring signs is sealed).
#include "keys/key_ring.h"

#include <gtest/gtest.h>

#include "keys/local_key.h"
#include "store/journal/memory_journal.h"
#include "store/memory/memory_store.h"
#include "support/example_duty.h"
#include "support/test_key.h"
#include "support/virtual_clock.h"

namespace holdfast {
namespace {

using test::hash_of;

Secret secret_one() {
  return *Secret::copy_of(test::plain_key_one());
}

Transaction example_transaction() {
  Transaction transaction;
  transaction.chain_id = 1;
  transaction.gas = 21'000;
  transaction.to = test::filled_with<Address>(0x33);
  transaction.max_fee_per_gas = uint256_from(2);
  transaction.max_priority_fee_per_gas = uint256_from(1);
  return transaction;
}

class KeyRingTest : public testing::Test {
 protected:
  HeldLock claim(const Address& validator) {
    Duty duty = test::example_duty();
    duty.key.validator_address = validator;
    Result<ClaimAnswer> answer =
        clock.run(store.claim(duty, "node", LockToken::from_random(random.bytes16())));
    CHECK(answer.has_value() && std::holds_alternative<HeldLock>(*answer));
    return std::get<HeldLock>(std::move(*answer));
  }

  static SignableMessage message() {
    return SignableMessage{MessageForm::eth_sign, hash_of(0xaa), ""};
  }
  static HarmlessMessage harmless() {
    return *HarmlessMessage::from_context(DutyType::auth_request, message(), std::nullopt);
  }

  static void expect_refused(const SignFailure& failure, std::string_view text) {
    EXPECT_EQ(failure.may_sign, MaySign::has_not_signed);
    EXPECT_EQ(failure.error.kind, ErrorKind::invalid_input);
    EXPECT_NE(failure.error.message.find(text), std::string::npos) << failure.error.message;
  }

  void add_one(KeyRoles roles) {
    ring.add(test::address_one(), roles,
             std::make_shared<LocalKey>(test::address_one(), secret_one()));
  }

  test::VirtualClock clock;
  test::CountingRandom random;
  MemoryStore store{clock};
  KeyRing ring;
};

TEST_F(KeyRingTest, gives_a_sealed_signature_that_record_and_journal_open) {
  add_one({.attester = true});
  HeldLock lock = claim(test::address_one());
  auto answer = clock.run(ring.sign(lock, message()));
  auto* sealed = std::get_if<SealedSignature>(&answer);
  ASSERT_NE(sealed, nullptr);
  Result<RecordAnswer> recorded = clock.run(store.record(std::move(lock), *sealed));
  ASSERT_TRUE(recorded.has_value());
  SignedRecord record = std::get<SignedRecord>(std::move(*recorded));
  MemoryJournal journal;
  PendingRelease pending = journal.begin_release(record.duty());
  Result<JournaledRelease> journaled = clock.run(journal.finish(std::move(pending)));
  ASSERT_TRUE(journaled.has_value());
  const Signature signature = std::move(*sealed).open(std::move(record), *std::move(journaled));
  EXPECT_EQ(recover_address(message().digest(), signature), test::address_one());
}

TEST_F(KeyRingTest, refuses_a_validator_that_it_does_not_know) {
  const HeldLock lock = claim(test::filled_with<Address>(0x22));
  auto answer = clock.run(ring.sign(lock, message()));
  expect_refused(std::get<SignFailure>(answer), "is not an attester");
}

TEST_F(KeyRingTest, refuses_to_sign_a_duty_with_a_publisher_key) {
  add_one({.publisher = true});
  const HeldLock lock = claim(test::address_one());
  auto answer = clock.run(ring.sign(lock, message()));
  expect_refused(std::get<SignFailure>(answer), to_text(test::address_one()));
  auto harmless_answer = clock.run(ring.sign_harmless(test::address_one(), harmless()));
  expect_refused(std::get<SignFailure>(harmless_answer), "is not an attester");
}

TEST_F(KeyRingTest, refuses_to_sign_a_transaction_with_an_attester_key) {
  add_one({.attester = true});
  auto answer = clock.run(ring.sign_transaction(test::address_one(), example_transaction()));
  expect_refused(std::get<SignFailure>(answer), "is not a publisher");
}

TEST_F(KeyRingTest, signs_harmless_messages_without_a_lock) {
  add_one({.attester = true});
  auto answer = clock.run(ring.sign_harmless(test::address_one(), harmless()));
  EXPECT_EQ(recover_address(message().digest(), std::get<Signature>(answer)), test::address_one());
}

TEST_F(KeyRingTest, signs_the_transaction_that_was_asked_with_a_publisher_key) {
  add_one({.publisher = true});
  auto answer = clock.run(ring.sign_transaction(test::address_one(), example_transaction()));
  const Result<SignedTransaction> decoded = decode_signed_transaction(std::get<Bytes>(answer));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(recover_address(signing_hash(example_transaction()), decoded->signature),
            test::address_one());
}

TEST_F(KeyRingTest, adds_a_role_to_a_key_that_is_there) {
  add_one({.attester = true});
  EXPECT_FALSE(ring.is_publisher(test::address_one()));
  add_one({.publisher = true});
  EXPECT_TRUE(ring.is_attester(test::address_one()));
  EXPECT_TRUE(ring.is_publisher(test::address_one()));
}

TEST_F(KeyRingTest, lists_addresses_by_role_in_order) {
  const auto key = std::make_shared<test::TestKey>(clock);
  for (const std::uint8_t byte : {0x30, 0x10, 0x20}) {
    ring.add(test::filled_with<Address>(byte),
             {.attester = byte != 0x20, .publisher = byte != 0x30}, key);
  }
  const std::vector<Address> attesters = {test::filled_with<Address>(0x10),
                                          test::filled_with<Address>(0x30)};
  const std::vector<Address> publishers = {test::filled_with<Address>(0x10),
                                           test::filled_with<Address>(0x20)};
  EXPECT_EQ(ring.attesters(), attesters);
  EXPECT_EQ(ring.publishers(), publishers);
  EXPECT_FALSE(ring.is_attester(test::filled_with<Address>(0x40)));
}

TEST_F(KeyRingTest, passes_on_what_a_backend_says_about_its_failure) {
  const auto key = std::make_shared<test::TestKey>(clock);
  key->failure = SignFailure{MaySign::may_have_signed, Error{ErrorKind::timeout, "late"}};
  ring.add(test::address_one(), {.attester = true}, key);
  const HeldLock lock = claim(test::address_one());
  auto answer = clock.run(ring.sign(lock, message()));
  EXPECT_EQ(std::get<SignFailure>(answer).may_sign, MaySign::may_have_signed);
}

using KeyRingDeathTest = KeyRingTest;

TEST_F(KeyRingDeathTest, stops_the_process_when_message_and_lock_differ) {
  add_one({.attester = true});
  const HeldLock lock = claim(test::address_one());
  SignableMessage other{MessageForm::eth_sign, hash_of(0xbb), ""};
  EXPECT_DEATH((void)clock.run(ring.sign(lock, other)), "message_hash");
}

}  // namespace
}  // namespace holdfast
