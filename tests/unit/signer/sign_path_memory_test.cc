// The sign path and the node's own memory: what was released is never contradicted, nothing leaves
// without the journal, and a quarantine that begins at any moment stops what is under way.
// Invariants: S4, S8.
#include <functional>

#include <gtest/gtest.h>

#include "signer/sign_path.h"
#include "store/memory/memory_store.h"
#include "support/example_duty.h"
#include "support/test_key.h"
#include "support/virtual_clock.h"

namespace holdfast {
namespace {

using std::chrono::seconds;
using test::hash_of;

/** A journal that answers at once, may fail, and lets a test act while a release is written. */
class JournalOfTest final : public Journal {
 public:
  JournalIdentity identity() const override { return {}; }

  std::optional<Error> failure;
  std::function<void()> at_release;
  std::vector<JournalEntry> entries;

 protected:
  void do_write(std::vector<JournalEntry> written,
                std::function<void(Result<void>)> done) override {
    const bool release = std::holds_alternative<ReleaseEntry>(written.front());
    entries.insert(entries.end(), written.begin(), written.end());
    if (release && at_release) std::exchange(at_release, nullptr)();
    if (done) done(failure ? Result<void>(*failure) : Result<void>());
  }
};

DatabaseFacts on_timeline(std::int64_t timeline) {
  DatabaseFacts facts;
  facts.identity.backend = "postgres";
  facts.identity.cluster_id = "c";
  facts.identity.system_identifier = "s";
  facts.identity.timeline = timeline;
  return facts;
}

class SignPathMemory : public testing::Test {
 protected:
  SignPathMemory() {
    SignSettings settings;
    settings.rules.node_id = "node-1";
    ring.add(test::address_one(), {.attester = true}, key);
    path = std::make_unique<SignPath>(store, memory, ring, clock, random, observer, settings);
    meet(1);
  }

  void meet(std::int64_t timeline) {
    EXPECT_TRUE(memory.on_database(memory.question(), on_timeline(timeline)).has_value());
  }
  static Duty duty(std::uint8_t hash_byte = 0xaa, std::int64_t slot = 100) {
    Duty duty = test::example_duty(hash_byte);
    duty.key.validator_address = test::address_one();
    duty.key.slot = Slot(slot);
    return duty;
  }
  SignOutcome sign(const Duty& wanted) {
    SignableMessage message{MessageForm::eth_sign, wanted.message_hash, ""};
    return clock.run(path->sign(wanted, std::move(message), clock.now() + seconds(10)));
  }
  SignOutcome sign_gated(const Duty& wanted) {
    SignableMessage message{MessageForm::eth_sign, wanted.message_hash, ""};
    return clock.run(path->sign_gated(wanted.key.rollup_address, wanted.key.validator_address,
                                      std::move(message), clock.now() + seconds(10)));
  }
  static std::string outcome_of(const SignOutcome& outcome) {
    if (const auto* refusal = std::get_if<Refusal>(&outcome)) {
      return std::string(name_of(refusal->reason));
    }
    if (const auto* error = std::get_if<Error>(&outcome)) return error->message;
    return "released";
  }

  test::VirtualClock clock;
  test::CountingRandom random;
  MemoryStore store{clock};
  JournalOfTest journal;
  ReleaseMemoryObserver of_memory;
  ReleaseMemory memory{journal, clock, of_memory, {.node_id = "node-1"}};
  std::shared_ptr<test::TestKey> key = std::make_shared<test::TestKey>(clock);
  KeyRing ring;
  SignObserver observer;
  std::unique_ptr<SignPath> path;
};

TEST_F(SignPathMemory, a_release_is_in_the_journal_and_outlives_the_databases_memory) {
  EXPECT_EQ(outcome_of(sign(duty(0xaa))), "released");
  EXPECT_EQ(memory.memory().released(duty().key), hash_of(0xaa));
  store.forget_row(duty().key);
  EXPECT_EQ(outcome_of(sign(duty(0xbb))), "slashing_protection");
  EXPECT_EQ(key->calls, 1);
  EXPECT_EQ(outcome_of(sign(duty(0xaa))), "released") << "the same message is no contradiction";
}

TEST_F(SignPathMemory, nothing_leaves_without_the_journal) {
  journal.failure = Error{ErrorKind::unavailable, "the disk is full"};
  EXPECT_EQ(outcome_of(sign(duty())), "the disk is full");
  EXPECT_EQ(outcome_of(sign(duty())), "the disk is full") << "nor as a replay";
  journal.failure.reset();
  EXPECT_EQ(outcome_of(sign(duty())), "released");
}

TEST_F(SignPathMemory, what_the_store_refused_for_certain_is_taken_back) {
  key->before_answer = [this] { store.forget_row(duty().key); };
  EXPECT_EQ(outcome_of(sign(duty(0xaa))), "signing_lock_lost");
  EXPECT_EQ(memory.memory().released(duty().key), std::nullopt);
  key->before_answer = nullptr;
  EXPECT_EQ(outcome_of(sign(duty(0xbb))), "released");
}

TEST_F(SignPathMemory, a_quarantine_refuses_before_the_store_is_asked) {
  meet(2);
  EXPECT_EQ(outcome_of(sign(duty(0xaa, 100))), "quarantined");
  EXPECT_EQ(key->calls, 0);
  clock.advance(seconds(11));
  EXPECT_EQ(outcome_of(sign(duty(0xaa, 102))), "quarantined") << "the margin is 2";
  EXPECT_EQ(outcome_of(sign(duty(0xaa, 103))), "released");
}

TEST_F(SignPathMemory, a_quarantine_that_begins_while_the_key_works_drops_the_signature) {
  key->before_answer = [this] { meet(2); };
  EXPECT_EQ(outcome_of(sign(duty())), "quarantined");
  EXPECT_FALSE((*clock.run(store.read(duty().key))).has_value()) << "the lock is given back";
}

/** The record that succeeds then is one in a history whose loss was just noticed. */
TEST_F(SignPathMemory, a_quarantine_that_begins_before_the_record_drops_the_signature) {
  journal.at_release = [this] { meet(2); };
  EXPECT_EQ(outcome_of(sign(duty())), "quarantined");
  EXPECT_EQ(memory.memory().released(duty().key), std::nullopt);
  // And not even the very same message is answered with what the store has now.
  clock.advance(seconds(11));
  EXPECT_EQ(outcome_of(sign(duty())), "quarantined");
}

TEST_F(SignPathMemory, gated_requests_are_judged_by_the_memory_too) {
  const Duty wanted = duty(0xaa);
  EXPECT_EQ(outcome_of(sign(wanted)), "released");
  store.forget_row(wanted.key);
  Duty other = duty(0xbb);
  ASSERT_TRUE(store.insert_stock_row(other, "stock", "0123456789abcdef0123456789abcdef"));
  EXPECT_EQ(outcome_of(sign_gated(other)), "slashing_protection");
  meet(2);
  Duty later = duty(0xaa, 101);
  ASSERT_TRUE(store.insert_stock_row(later, "stock", "0123456789abcdef0123456789abcdee"));
  EXPECT_EQ(outcome_of(sign_gated(later)), "quarantined");
}

TEST_F(SignPathMemory, a_gated_replay_is_journaled_under_the_rows_own_duty) {
  const Duty wanted = duty(0xaa);
  ASSERT_TRUE(store.insert_stock_row(wanted, "stock", "0123456789abcdef0123456789abcdef"));
  EXPECT_EQ(outcome_of(sign_gated(wanted)), "released");
  journal.entries.clear();
  EXPECT_EQ(outcome_of(sign_gated(wanted)), "released");
  ASSERT_FALSE(journal.entries.empty());
  EXPECT_EQ(std::get<ReleaseEntry>(journal.entries.back()).key, wanted.key);
}

TEST_F(SignPathMemory, a_halted_node_signs_nothing) {
  memory.halt(Error{ErrorKind::permission_denied, "another process signs as this node"});
  EXPECT_EQ(outcome_of(sign(duty())), "another process signs as this node");
  EXPECT_EQ(key->calls, 0);
}

}  // namespace
}  // namespace holdfast
