// A node in the registry: who is let in, what a beat remembers, and when it signs no more, over a
// table in memory on virtual time. Invariants: S4, S8.
#include "signer/node_presence.h"

#include <memory>

#include <gtest/gtest.h>

#include "keys/key_ring.h"
#include "store/memory/memory_store.h"
#include "support/example_duty.h"
#include "support/log_capture.h"
#include "support/own_memory.h"
#include "support/test_key.h"
#include "support/virtual_clock.h"

namespace holdfast {
namespace {

/** The rows of one database, in memory. */
class TableOfTest final : public NodeTable {
 public:
  Task<Result<std::vector<NodeRecord>>> list_nodes() override {
    if (failure) co_return *failure;
    co_return rows;
  }
  Task<Result<bool>> put_node(NodeRecord node,
                              std::optional<std::string> replaces_instance) override {
    if (failure) co_return *failure;
    if (before_put) std::exchange(before_put, nullptr)();
    for (NodeRecord& row : rows) {
      if (row.node_id != node.node_id) continue;
      if (row.instance_id != replaces_instance) co_return false;
      node.beat = std::max(row.beat, node.beat) + 1;
      node.running = true;
      row = std::move(node);
      co_return true;
    }
    node.beat += 1;
    node.running = true;
    rows.push_back(std::move(node));
    co_return true;
  }
  Task<Result<std::optional<std::int64_t>>> beat_node(NodeBeat beat) override {
    if (failure) co_return *failure;
    for (NodeRecord& row : rows) {
      if (row.node_id != beat.node_id || row.instance_id != beat.instance_id) continue;
      row.running = beat.running;
      row.journal_sequence = beat.journal_sequence;
      co_return std::optional<std::int64_t>(++row.beat);
    }
    co_return std::optional<std::int64_t>();
  }

  std::vector<NodeRecord> rows;
  std::optional<Error> failure;
  std::function<void()> before_put;
};

class NodePresenceTest : public testing::Test {
 protected:
  std::unique_ptr<NodePresence> node(const std::string& instance,
                                     NewJournal new_journal = NewJournal::refuse) {
    NodePresenceSettings settings;
    settings.node_id = "node-1";
    settings.instance_id = instance;
    settings.place = "host of " + instance;
    settings.publishers = {test::filled_with<Address>(0x31)};
    settings.new_journal = new_journal;
    return std::make_unique<NodePresence>(table, store, own.memory, clock, metrics, log.logger(),
                                          std::move(settings));
  }
  /** A signature of that node in the database, of which the journal knows nothing. */
  void sign(const std::string& node_id) {
    const Duty duty = test::example_duty();
    test::CountingRandom random;
    KeyRing keys;
    keys.add(duty.key.validator_address, {.attester = true},
             std::make_shared<test::TestKey>(clock));
    auto claimed = clock.run(store.claim(duty, node_id, LockToken::from_random(random.bytes16())));
    HeldLock lock = std::get<HeldLock>(*std::move(claimed));
    SignableMessage message{MessageForm::eth_sign, duty.message_hash, ""};
    auto sealed = clock.run(keys.sign(lock, std::move(message)));
    const auto recorded =
        clock.run(store.record(std::move(lock), std::get<SealedSignature>(sealed)));
    ASSERT_TRUE(recorded.has_value());
  }
  void advance_one_beat() { clock.advance(kBeatInterval + std::chrono::milliseconds(1)); }

  test::VirtualClock clock;
  MemoryStore store{clock};
  TableOfTest table;
  test::OwnMemory own{clock, "node-1"};
  Metrics metrics;
  test::LogCapture log;
};

TEST_F(NodePresenceTest, registers_beats_and_leaves) {
  auto presence = node("a");
  ASSERT_TRUE(clock.run(presence->enter()).has_value());
  ASSERT_EQ(table.rows.size(), 1U);
  EXPECT_EQ(table.rows[0].place, "host of a");
  EXPECT_EQ(own.memory.beat(), 1);
  EXPECT_EQ(own.memory.memory().beat().beat, 1) << "the journal has it";
  presence->start();
  advance_one_beat();
  advance_one_beat();
  EXPECT_EQ(table.rows[0].beat, 3);
  EXPECT_EQ(own.memory.memory().beat().beat, 3);
  start(presence->leave(), [] {});
  EXPECT_FALSE(table.rows[0].running);
  advance_one_beat();
  EXPECT_EQ(table.rows[0].beat, 4) << "the last one was the leave's";
}

TEST_F(NodePresenceTest, a_refusal_leaves_no_row) {
  NodeRecord other;
  other.node_id = "node-2";
  other.running = true;
  other.publishers = {test::filled_with<Address>(0x31)};
  table.rows.push_back(other);
  const Result<void> entered = clock.run(node("a")->enter());
  ASSERT_FALSE(entered.has_value());
  EXPECT_EQ(entered.error().kind, ErrorKind::permission_denied);
  EXPECT_EQ(table.rows.size(), 1U);
}

TEST_F(NodePresenceTest, of_two_that_register_at_once_one_gives_way_and_says_so) {
  table.before_put = [this] {
    NodeRecord other;
    other.node_id = "node-0";
    other.instance_id = "faster";
    other.running = true;
    other.started_at_ms = -1;
    other.publishers = {test::filled_with<Address>(0x31)};
    table.rows.push_back(other);
  };
  const Result<void> entered = clock.run(node("a")->enter());
  ASSERT_FALSE(entered.has_value());
  EXPECT_NE(entered.error().message.find("node-0"), std::string::npos);
  EXPECT_FALSE(table.rows.back().running) << "its row does not hinder the other";
}

TEST_F(NodePresenceTest, a_row_that_changes_meanwhile_is_looked_at_again) {
  table.before_put = [this] {
    NodeRecord other;
    other.node_id = "node-1";
    other.instance_id = "faster";
    other.journal_id = "another journal";
    other.running = true;
    table.rows.push_back(other);
  };
  const Result<void> entered = clock.run(node("a")->enter());
  ASSERT_FALSE(entered.has_value());
  EXPECT_NE(entered.error().message.find("is in use"), std::string::npos)
      << entered.error().message;
}

TEST_F(NodePresenceTest, signs_no_more_when_another_process_has_its_row) {
  auto presence = node("a");
  ASSERT_TRUE(clock.run(presence->enter()).has_value());
  presence->start();
  EXPECT_FALSE(own.memory.halted().has_value());
  table.rows[0].instance_id = "b";
  table.rows[0].place = "host of b";
  advance_one_beat();
  ASSERT_TRUE(own.memory.halted().has_value());
  EXPECT_NE(own.memory.halted()->message.find("host of b"), std::string::npos);
}

TEST_F(NodePresenceTest, a_row_that_is_gone_is_written_again_after_the_memory_has_looked) {
  auto presence = node("a");
  ASSERT_TRUE(clock.run(presence->enter()).has_value());
  presence->start();
  advance_one_beat();
  table.rows.clear();
  advance_one_beat();
  ASSERT_EQ(table.rows.size(), 1U);
  EXPECT_GT(table.rows[0].beat, 2) << "it goes on from what the node remembers";
  EXPECT_FALSE(own.memory.halted().has_value());
}

TEST_F(NodePresenceTest, does_not_beat_while_the_journal_lacks_the_quarantine) {
  auto presence = node("a");
  ASSERT_TRUE(clock.run(presence->enter()).has_value());
  presence->start();
  DatabaseFacts set_back;
  set_back.identity.backend = "memory";
  ASSERT_TRUE(own.memory.on_database(own.memory.question(), set_back).has_value());
  set_back.beat = 0;
  ASSERT_TRUE(own.memory.on_database(own.memory.question(), set_back).has_value());
  ASSERT_TRUE(own.memory.memory().quarantine().has_value());
  own.journal.fail_next(100, Error{ErrorKind::unavailable, "the disk is full"});
  advance_one_beat();
  EXPECT_EQ(table.rows[0].beat, 1);
  own.journal.fail_next(0, Error{});
  advance_one_beat();
  EXPECT_EQ(table.rows[0].beat, 2);
}

TEST_F(NodePresenceTest, a_start_that_was_refused_does_not_make_the_next_one_pass) {
  sign("node-1");
  for (const char* instance : {"a", "b"}) {
    const Result<void> entered = clock.run(node(instance)->enter());
    ASSERT_FALSE(entered.has_value()) << instance;
    EXPECT_NE(entered.error().message.find("--accept-new-journal"), std::string::npos);
  }
  auto accepted = node("c", NewJournal::accept);
  ASSERT_TRUE(clock.run(accepted->enter()).has_value());
  table.rows.clear();
  EXPECT_TRUE(clock.run(node("d")->enter()).has_value()) << "this journal was registered";
}

TEST_F(NodePresenceTest, a_new_journal_is_refused_although_all_signed_rows_were_deleted) {
  sign("node-1");
  store.delete_row(test::example_duty().key);
  const Result<void> entered = clock.run(node("a")->enter());
  ASSERT_FALSE(entered.has_value());
  EXPECT_EQ(entered.error().kind, ErrorKind::permission_denied);
  EXPECT_NE(entered.error().message.find("--accept-new-journal"), std::string::npos);
  EXPECT_TRUE(table.rows.empty());
}

TEST_F(NodePresenceTest, a_new_journal_is_accepted_where_only_others_have_signed) {
  sign("node-2");
  EXPECT_TRUE(clock.run(node("a")->enter()).has_value());
}

TEST_F(NodePresenceTest, only_a_new_journal_makes_it_ask_who_has_signed) {
  ASSERT_TRUE(clock.run(node("a")->enter()).has_value());
  start(store.close(), [] {});
  EXPECT_TRUE(clock.run(node("b")->enter()).has_value());
}

TEST_F(NodePresenceTest, does_not_register_with_a_new_journal_when_the_store_cannot_tell) {
  start(store.close(), [] {});
  const Result<void> entered = clock.run(node("a")->enter());
  ASSERT_FALSE(entered.has_value());
  EXPECT_EQ(entered.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(table.rows.empty());
}

TEST_F(NodePresenceTest, a_node_that_signed_since_its_first_start_writes_its_row_again) {
  auto presence = node("a");
  ASSERT_TRUE(clock.run(presence->enter()).has_value());
  sign("node-1");
  presence->start();
  table.rows.clear();
  advance_one_beat();
  EXPECT_EQ(table.rows.size(), 1U);
}

TEST_F(NodePresenceTest, a_beat_that_fails_is_told_and_tried_again) {
  auto presence = node("a");
  ASSERT_TRUE(clock.run(presence->enter()).has_value());
  presence->start();
  table.failure = Error{ErrorKind::unavailable, "no database"};
  advance_one_beat();
  EXPECT_EQ(own.memory.beat(), 1);
  table.failure.reset();
  advance_one_beat();
  EXPECT_EQ(own.memory.beat(), 2);
}

}  // namespace
}  // namespace holdfast
