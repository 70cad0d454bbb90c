// The sign path over the memory store on virtual time: who signs, who waits, who takes over, and
// what every failure leaves behind. Invariants: S1, S2, S5.
#include "signer/sign_path.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "store/memory/memory_store.h"
#include "support/example_duty.h"
#include "support/own_memory.h"
#include "support/test_key.h"
#include "support/virtual_clock.h"

namespace holdfast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::hash_of;

/** Remembers what it was told. */
class Recorder final : public SignObserver {
 public:
  void on_step(SignStep step, const Duty&, std::chrono::nanoseconds) override {
    steps.push_back(step);
  }
  void on_wait(const Duty&, std::string_view) override { ++waits; }
  void on_take_over(const Duty&, std::string_view from) override { taken_from.emplace_back(from); }
  void on_pinned(const Duty&) override { ++pins; }
  void on_not_given_back(const Duty&, const Error&) override { ++not_given_back; }
  void on_error(const Duty&, const Error&) override { ++errors; }

  std::vector<SignStep> steps;
  std::vector<std::string> taken_from;
  int waits = 0;
  int pins = 0;
  int not_given_back = 0;
  int errors = 0;
};

/** One node: its own key backend and sign path, over a store that it shares. */
struct Node {
  Node(const std::string& node_id, DutyStore& store, Clock& clock, RandomSource& random,
       SignSettings settings = {})
      : key(std::make_shared<test::TestKey>(clock)), id(node_id), memory(clock, node_id) {
    settings.rules.node_id = node_id;
    ring.add(test::address_one(), {.attester = true}, key);
    path = std::make_unique<SignPath>(store, memory.memory, ring, clock, random, seen, settings);
  }

  std::shared_ptr<test::TestKey> key;
  std::string id;
  KeyRing ring;
  Recorder seen;
  test::OwnMemory memory;
  std::unique_ptr<SignPath> path;
};

class SignPathTest : public testing::Test {
 protected:
  static Duty duty(std::uint8_t hash_byte = 0xaa) {
    Duty duty = test::example_duty(hash_byte);
    duty.key.validator_address = test::address_one();
    return duty;
  }

  Task<SignOutcome> ask(Node& node, const Duty& duty, seconds within = seconds(10)) {
    SignableMessage message{MessageForm::eth_sign, duty.message_hash, ""};
    return node.path->sign(duty, std::move(message), clock.now() + within);
  }
  SignOutcome sign(Node& node, const Duty& duty) { return clock.run(ask(node, duty)); }

  SignOutcome sign_gated(Node& node, const Duty& duty) {
    SignableMessage message{MessageForm::eth_sign, duty.message_hash, ""};
    return clock.run(node.path->sign_gated(duty.key.rollup_address, duty.key.validator_address,
                                           std::move(message), clock.now() + seconds(10)));
  }

  static const Signature& signature_of(const SignOutcome& outcome) {
    EXPECT_TRUE(std::holds_alternative<Released>(outcome)) << outcome.index();
    return std::get<Released>(outcome).signature;
  }
  static RefusalReason reason_of(const SignOutcome& outcome) {
    EXPECT_TRUE(std::holds_alternative<Refusal>(outcome)) << outcome.index();
    return std::get<Refusal>(outcome).reason;
  }
  static ErrorKind error_of(const SignOutcome& outcome) {
    EXPECT_TRUE(std::holds_alternative<Error>(outcome)) << outcome.index();
    return std::get<Error>(outcome).kind;
  }
  std::optional<DutyRow> row() {
    Result<std::optional<DutyRow>> read = clock.run(store.read(duty().key));
    EXPECT_TRUE(read.has_value());
    return *read;
  }

  test::VirtualClock clock;
  test::CountingRandom random;
  MemoryStore store{clock};
  Node one{"node-1", store, clock, random};
  Node two{"node-2", store, clock, random};
};

TEST_F(SignPathTest, signs_and_releases_a_valid_signature) {
  const SignOutcome outcome = sign(one, duty());
  const Hash256 digest = SignableMessage{MessageForm::eth_sign, hash_of(0xaa), ""}.digest();
  EXPECT_EQ(recover_address(digest, signature_of(outcome)), test::address_one());
  EXPECT_EQ(one.seen.steps,
            (std::vector<SignStep>{SignStep::received, SignStep::claimed, SignStep::signed_,
                                   SignStep::recorded, SignStep::journaled, SignStep::released}));
  ASSERT_TRUE(row().has_value());
  EXPECT_EQ(row()->status, DutyStatus::signed_);
  EXPECT_EQ(row()->signature, signature_of(outcome));
}

TEST_F(SignPathTest, replays_its_own_signature_and_not_another_nodes) {
  const Signature first = signature_of(sign(one, duty()));
  const SignOutcome again = sign(one, duty());
  EXPECT_EQ(signature_of(again), first);
  EXPECT_TRUE(std::get<Released>(again).replayed);
  EXPECT_EQ(one.key->calls, 1);
  EXPECT_EQ(reason_of(sign(two, duty())), RefusalReason::duty_already_signed);
}

TEST_F(SignPathTest, refuses_a_second_hash_on_either_node) {
  (void)sign(one, duty(0xaa));
  for (Node* node : {&one, &two}) {
    const SignOutcome outcome = sign(*node, duty(0xbb));
    ASSERT_EQ(reason_of(outcome), RefusalReason::slashing_protection);
    EXPECT_EQ(std::get<Refusal>(outcome).existing_hash, hash_of(0xaa));
    EXPECT_EQ(std::get<Refusal>(outcome).node_id, "node-1");
  }
  EXPECT_EQ(two.key->calls, 0);
}

TEST_F(SignPathTest, waits_for_the_node_that_is_signing) {
  one.key->delay = milliseconds(500);
  std::optional<SignOutcome> first;
  start(ask(one, duty()), [&](SignOutcome outcome) { first = std::move(outcome); });
  const SignOutcome second = sign(two, duty());
  EXPECT_EQ(reason_of(second), RefusalReason::duty_already_signed);
  EXPECT_GT(two.seen.waits, 0);
  ASSERT_TRUE(first.has_value());
  (void)signature_of(*first);
}

TEST_F(SignPathTest, takes_over_an_abandoned_lock_within_the_time_out_and_one_poll) {
  // Node 1 claims and is never heard of again: its signing takes an hour.
  one.key->delay = std::chrono::hours(1);
  std::optional<SignOutcome> first;
  start(ask(one, duty(0xaa)), [&](SignOutcome outcome) { first = std::move(outcome); });
  const MonotonicTime before = clock.now();
  (void)signature_of(sign(two, duty(0xbb)));
  EXPECT_LE(clock.now() - before, milliseconds(3100));
  EXPECT_EQ(two.seen.taken_from, std::vector<std::string>{"node-1"});

  // It wakes up with a signature over other data, which is dropped.
  clock.advance(std::chrono::hours(1));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(reason_of(*first), RefusalReason::signing_lock_lost);
  EXPECT_EQ(row()->duty.message_hash, hash_of(0xbb));
}

TEST_F(SignPathTest, gives_up_waiting_as_in_progress_and_not_as_signed) {
  SignSettings patient;
  patient.rules.signing_timeout = seconds(60);
  Node holder("node-3", store, clock, random, patient);
  Node waiter("node-4", store, clock, random, patient);
  holder.key->delay = std::chrono::hours(1);
  start(ask(holder, duty()), [](SignOutcome) {});
  const SignOutcome outcome = clock.run(ask(waiter, duty(), seconds(5)));
  EXPECT_EQ(reason_of(outcome), RefusalReason::signing_in_progress);
  clock.advance(std::chrono::hours(1));
}

TEST_F(SignPathTest, a_local_failure_frees_the_duty_for_other_data) {
  one.key->failure =
      SignFailure{MaySign::has_not_signed, Error{ErrorKind::unavailable, "no such key"}};
  EXPECT_EQ(error_of(sign(one, duty(0xaa))), ErrorKind::unavailable);
  EXPECT_FALSE(row().has_value());
  (void)signature_of(sign(two, duty(0xbb)));
}

TEST_F(SignPathTest, a_signer_that_may_have_signed_pins_the_duty_to_its_hash) {
  one.key->failure = SignFailure{MaySign::may_have_signed, Error{ErrorKind::timeout, "no answer"}};
  EXPECT_EQ(error_of(sign(one, duty(0xaa))), ErrorKind::timeout);
  EXPECT_EQ(one.seen.pins, 1);
  EXPECT_EQ(reason_of(sign(two, duty(0xbb))), RefusalReason::slashing_protection);
  // However old the lock grows.
  clock.advance(std::chrono::hours(24));
  EXPECT_EQ(reason_of(sign(two, duty(0xbb))), RefusalReason::slashing_protection);
  // The same message may go on at once, on any node.
  const MonotonicTime before = clock.now();
  (void)signature_of(sign(two, duty(0xaa)));
  EXPECT_EQ(clock.now(), before);
}

TEST_F(SignPathTest, a_pinned_duty_stays_pinned_when_the_next_node_fails_too) {
  for (Node* node : {&one, &two}) {
    node->key->failure =
        SignFailure{MaySign::may_have_signed, Error{ErrorKind::timeout, "no answer"}};
    EXPECT_EQ(error_of(sign(*node, duty(0xaa))), ErrorKind::timeout);
  }
  two.key->failure =
      SignFailure{MaySign::has_not_signed, Error{ErrorKind::unavailable, "not reached"}};
  EXPECT_EQ(error_of(sign(two, duty(0xaa))), ErrorKind::unavailable);
  Node three("node-3", store, clock, random);
  EXPECT_EQ(reason_of(sign(three, duty(0xbb))), RefusalReason::slashing_protection);
  (void)signature_of(sign(three, duty(0xaa)));
}

// Aztec's W15: a failing clean-up must not hide why signing failed, nor leave the duty lost.
TEST_F(SignPathTest, a_lock_that_cannot_be_given_back_hides_no_error_and_is_taken_over) {
  one.key->failure =
      SignFailure{MaySign::has_not_signed, Error{ErrorKind::permission_denied, "refused"}};
  one.key->before_answer = [this] { store.inject(MemoryFault::refused); };
  EXPECT_EQ(error_of(sign(one, duty(0xaa))), ErrorKind::permission_denied);
  EXPECT_EQ(one.seen.not_given_back, 1);
  EXPECT_EQ(one.seen.errors, 1) << "one request is one error";
  ASSERT_TRUE(row().has_value());
  (void)signature_of(sign(two, duty(0xbb)));
}

TEST_F(SignPathTest, does_not_sign_after_the_deadline) {
  const MonotonicTime now = clock.now();
  SignableMessage message{MessageForm::eth_sign, duty().message_hash, ""};
  const SignOutcome outcome = clock.run(one.path->sign(duty(), std::move(message), now));
  EXPECT_EQ(error_of(outcome), ErrorKind::timeout);
  EXPECT_EQ(one.key->calls, 0);
  EXPECT_FALSE(row().has_value());
}

TEST_F(SignPathTest, refuses_more_than_it_may_have_in_flight) {
  SignSettings settings;
  settings.in_flight_max = 1;
  Node node("node-3", store, clock, random, settings);
  node.key->delay = seconds(1);
  std::optional<SignOutcome> first;
  start(ask(node, duty()), [&](SignOutcome outcome) { first = std::move(outcome); });
  Duty other = duty();
  other.key.slot = Slot(101);
  EXPECT_EQ(error_of(sign(node, other)), ErrorKind::overloaded);
  clock.advance(seconds(1));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(node.path->in_flight(), 0u);
  (void)signature_of(sign(node, other));
}

TEST_F(SignPathTest, a_backup_waits_before_it_claims) {
  SignSettings backup;
  backup.claim_delay = milliseconds(200);
  Node node("node-3", store, clock, random, backup);
  std::optional<SignOutcome> delayed;
  start(ask(node, duty()), [&](SignOutcome outcome) { delayed = std::move(outcome); });
  (void)signature_of(sign(one, duty()));
  clock.advance(milliseconds(200));
  ASSERT_TRUE(delayed.has_value());
  EXPECT_EQ(reason_of(*delayed), RefusalReason::duty_already_signed);
}

TEST_F(SignPathTest, gated_without_a_row_is_refused) {
  EXPECT_EQ(reason_of(sign_gated(one, duty())), RefusalReason::no_signing_lock);
  EXPECT_EQ(one.key->calls, 0);
}

TEST_F(SignPathTest, gated_signs_into_the_stock_nodes_row) {
  ASSERT_TRUE(store.insert_stock_row(duty(), "stock-1", "aabb"));
  const Signature signature = signature_of(sign_gated(one, duty()));
  EXPECT_EQ(row()->status, DutyStatus::signing) << "the node's own update must still work";
  EXPECT_EQ(row()->signature, signature);
}

TEST_F(SignPathTest, gated_refuses_typed_data_that_its_row_does_not_fit) {
  struct Row {
    const char* name;
    TypedDataFacts facts;
    bool signs;
  };
  const Duty vote = [] {
    Duty vote = duty();
    vote.key.duty_type = DutyType::slashing_vote;
    vote.key.block_index_within_checkpoint = kNoBlockIndex;
    return vote;
  }();
  const std::int64_t slot = vote.key.slot.number();
  const auto facts = [](DutyType type, std::int64_t slot) {
    return TypedDataFacts{
        .data_class = TypedDataClass::duty, .duty_type = type, .slot = Slot{slot}};
  };
  const Row rows[] = {
      {"the slot below", facts(DutyType::slashing_vote, slot - 1), false},
      {"the slot above", facts(DutyType::slashing_vote, slot + 1), false},
      {"another type", facts(DutyType::attestation, slot), false},
      {"no duty", TypedDataFacts{}, false},
      {"type and slot of the row", facts(DutyType::slashing_vote, slot), true},
  };
  ASSERT_TRUE(store.insert_stock_row(vote, "stock-1", "aabb"));
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    SignableMessage message{MessageForm::typed_data, vote.message_hash, "{}"};
    const SignOutcome outcome =
        clock.run(one.path->sign_gated(vote.key.rollup_address, vote.key.validator_address,
                                       std::move(message), clock.now() + seconds(10), row.facts));
    if (row.signs) {
      (void)signature_of(outcome);
    } else {
      EXPECT_EQ(reason_of(outcome), RefusalReason::no_signing_lock);
      EXPECT_EQ(one.key->calls, 0);
    }
  }
}

TEST_F(SignPathTest, gated_refuses_another_hash_after_the_stock_row_was_deleted) {
  ASSERT_TRUE(store.insert_stock_row(duty(0xaa), "stock-1", "aabb"));
  (void)signature_of(sign_gated(one, duty(0xaa)));
  store.delete_row(duty().key);
  EXPECT_FALSE(store.insert_stock_row(duty(0xbb), "stock-2", "ccdd"));
  EXPECT_EQ(reason_of(sign_gated(two, duty(0xbb))), RefusalReason::no_signing_lock);
}

TEST_F(SignPathTest, gated_answers_the_same_message_again_unless_replay_is_off) {
  ASSERT_TRUE(store.insert_stock_row(duty(), "stock-1", "aabb"));
  const Signature first = signature_of(sign_gated(one, duty()));
  const SignOutcome again = sign_gated(two, duty());
  EXPECT_EQ(signature_of(again), first);
  EXPECT_TRUE(std::get<Released>(again).replayed);
  EXPECT_EQ(two.key->calls, 0);
  SignSettings strict;
  strict.rules.replay = Replay::off;
  Node three("node-3", store, clock, random, strict);
  EXPECT_EQ(reason_of(sign_gated(three, duty())), RefusalReason::duty_already_signed);
}

TEST_F(SignPathTest, gated_drops_the_signature_when_the_row_is_gone_before_it_is_recorded) {
  ASSERT_TRUE(store.insert_stock_row(duty(), "stock-1", "aabb"));
  one.key->before_answer = [this] { store.delete_row(duty().key); };
  EXPECT_EQ(reason_of(sign_gated(one, duty())), RefusalReason::signing_lock_lost);
}

}  // namespace
}  // namespace holdfast
