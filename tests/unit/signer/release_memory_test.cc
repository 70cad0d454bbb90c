// A node's own memory at work: what it refuses, which databases it takes, how a quarantine begins,
// learns and ends, and what the next process finds of it. Invariants: S4, S8.
#include "signer/release_memory.h"

#include <gtest/gtest.h>

#include "store/journal/memory_journal.h"
#include "support/example_duty.h"
#include "support/virtual_clock.h"

namespace holdfast {
namespace {

using std::chrono::milliseconds;
using test::example_duty;
using test::hash_of;

constexpr milliseconds kLearning{10'000};

class CountingObserver final : public ReleaseMemoryObserver {
 public:
  void on_database_accepted(const DatabaseIdentity&) override { ++accepted; }
  void on_database_refused(const DatabaseIdentity&, const std::string&) override { ++refused; }
  void on_quarantine_begun(const Quarantine&) override { ++begun; }
  void on_quarantine_learned(const Quarantine&) override { ++learned; }
  void on_quarantine_ended(const Quarantine&) override { ++ended; }

  int accepted = 0;
  int refused = 0;
  int begun = 0;
  int learned = 0;
  int ended = 0;
};

Duty at_slot(std::int64_t slot, std::uint8_t hash = 0xaa) {
  Duty duty = example_duty(hash);
  duty.key.slot = Slot(slot);
  return duty;
}

DatabaseIdentity identity(std::int64_t timeline = 1, bool synchronous = false) {
  return {.backend = "postgres",
          .cluster_id = "c1",
          .system_identifier = "7001",
          .timeline = timeline,
          .synchronous = synchronous};
}

class ReleaseMemoryTest : public testing::Test {
 protected:
  std::unique_ptr<ReleaseMemory> memory_over(Journal& over) {
    ReleaseMemorySettings settings;
    settings.node_id = "node-1";
    settings.quarantine_margin = SlotMargin(2);
    settings.learning_time = kLearning;
    return std::make_unique<ReleaseMemory>(over, clock, observer, std::move(settings));
  }

  Result<void> meet(DatabaseIdentity found, std::int64_t beat = 0, bool knows = true) {
    return memory->on_database(
        memory->question(),
        {.identity = std::move(found), .knows_newest_release = knows, .beat = beat});
  }

  /** A request comes: what the memory says to it. */
  std::optional<RefusalReason> ask(std::int64_t slot) {
    const Duty duty = at_slot(slot);
    memory->saw(duty.key.rollup_address, duty.key.slot);
    const std::optional<Refusal> refusal = memory->judge(duty);
    return refusal ? std::optional(refusal->reason) : std::nullopt;
  }

  void quarantine_at(std::int64_t slot) {
    ask(slot);
    ASSERT_TRUE(meet(identity(1)));
    ASSERT_TRUE(meet(identity(2)));
  }

  test::VirtualClock clock;
  MemoryJournal journal;
  CountingObserver observer;
  std::unique_ptr<ReleaseMemory> memory = memory_over(journal);
};

TEST_F(ReleaseMemoryTest, remembers_the_highest_slot_that_was_asked_for) {
  const RollupAddress rollup = at_slot(0).key.rollup_address;
  ask(10);
  ask(9);
  EXPECT_EQ(memory->memory().seen().at(rollup), Slot(10));
  const std::size_t entries = journal.entries().size();
  ask(10);
  EXPECT_EQ(journal.entries().size(), entries);
  ask(11);
  EXPECT_EQ(memory->memory().seen().at(rollup), Slot(11));
}

TEST_F(ReleaseMemoryTest, judges_by_what_the_journal_remembers) {
  memory->journal().leave(memory->journal().begin_release(at_slot(100, 0xbb)));
  const std::optional<Refusal> refusal = memory->judge(at_slot(100, 0xaa));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, RefusalReason::slashing_protection);
  EXPECT_EQ(refusal->existing_hash, hash_of(0xbb));
  EXPECT_FALSE(memory->judge(at_slot(100, 0xbb)));
}

TEST_F(ReleaseMemoryTest, accepts_and_pins_the_first_database) {
  ASSERT_TRUE(meet(identity()));
  EXPECT_EQ(memory->memory().pin(), identity());
  EXPECT_EQ(observer.accepted, 1);
  ASSERT_TRUE(meet(identity()));
  EXPECT_EQ(observer.accepted, 1);
  EXPECT_EQ(observer.begun, 0);
}

TEST_F(ReleaseMemoryTest, refuses_another_database_and_stays_with_its_own) {
  ASSERT_TRUE(meet(identity()));
  DatabaseIdentity other = identity();
  other.cluster_id = "c2";
  const Result<void> met = meet(other);
  ASSERT_FALSE(met);
  EXPECT_EQ(met.error().kind, ErrorKind::wrong_database);
  EXPECT_EQ(memory->memory().pin(), identity());
  EXPECT_EQ(observer.refused, 1);
  EXPECT_EQ(memory->quarantines_begun(), 0U);
}

TEST_F(ReleaseMemoryTest, goes_on_after_a_synchronous_failover) {
  ASSERT_TRUE(meet(identity(1, true)));
  ASSERT_TRUE(meet(identity(2, true)));
  EXPECT_EQ(memory->active_quarantine(), nullptr);
  EXPECT_EQ(memory->memory().pin()->timeline, 2);
}

TEST_F(ReleaseMemoryTest, begins_a_quarantine_on_a_new_timeline) {
  quarantine_at(100);
  ASSERT_NE(memory->active_quarantine(), nullptr);
  EXPECT_EQ(memory->active_quarantine()->reason, QuarantineReason::new_timeline);
  EXPECT_EQ(memory->quarantines_begun(), 1U);
  EXPECT_EQ(memory->memory().pin()->timeline, 2);
  EXPECT_EQ(observer.begun, 1);
  // The same timeline again is nothing new.
  ASSERT_TRUE(meet(identity(2)));
  EXPECT_EQ(memory->quarantines_begun(), 1U);
}

TEST_F(ReleaseMemoryTest, begins_a_quarantine_when_its_newest_release_is_missing) {
  ASSERT_TRUE(meet(identity()));
  memory->committed(at_slot(100));
  ASSERT_TRUE(memory->question().newest_release);
  EXPECT_EQ(memory->question().newest_release->key, at_slot(100).key);
  EXPECT_EQ(memory->question().newest_release->message_hash, hash_of(0xaa));
  EXPECT_EQ(memory->question().node_id, "node-1");
  ASSERT_TRUE(meet(identity(), 0, false));
  ASSERT_NE(memory->active_quarantine(), nullptr);
  EXPECT_EQ(memory->active_quarantine()->reason, QuarantineReason::lost_commits);
  EXPECT_FALSE(memory->question().newest_release);
}

TEST_F(ReleaseMemoryTest, begins_a_quarantine_when_its_beat_is_missing) {
  ASSERT_TRUE(meet(identity()));
  ASSERT_TRUE(clock.run(memory->beaten(7)));
  ASSERT_TRUE(meet(identity(), 8));
  ASSERT_TRUE(meet(identity(), 7));
  EXPECT_EQ(memory->active_quarantine(), nullptr);
  ASSERT_TRUE(meet(identity(), 6));
  ASSERT_NE(memory->active_quarantine(), nullptr);
  EXPECT_EQ(memory->beat(), 6);
  ASSERT_TRUE(meet(identity(), 6));
  EXPECT_EQ(memory->quarantines_begun(), 1U);
}

TEST_F(ReleaseMemoryTest, judges_an_answer_by_what_was_known_when_it_was_asked_for) {
  ASSERT_TRUE(meet(identity()));
  ASSERT_TRUE(clock.run(memory->beaten(7)));
  const DatabaseQuestion asked = memory->question();
  ASSERT_TRUE(clock.run(memory->beaten(8)));
  const DatabaseFacts found{.identity = identity(), .knows_newest_release = true, .beat = 7};
  ASSERT_TRUE(memory->on_database(asked, found));
  EXPECT_EQ(memory->active_quarantine(), nullptr);
}

TEST_F(ReleaseMemoryTest, begins_one_quarantine_for_a_loss_that_two_connections_meet) {
  ASSERT_TRUE(meet(identity()));
  ASSERT_TRUE(clock.run(memory->beaten(7)));
  const DatabaseQuestion first = memory->question();
  const DatabaseQuestion second = memory->question();
  const DatabaseFacts found{.identity = identity(), .knows_newest_release = false, .beat = 3};
  ASSERT_TRUE(memory->on_database(first, found));
  ASSERT_TRUE(memory->on_database(second, found));
  EXPECT_EQ(memory->quarantines_begun(), 1U);
}

TEST_F(ReleaseMemoryTest, learns_until_the_learning_time_is_over) {
  quarantine_at(100);
  EXPECT_EQ(ask(200), RefusalReason::quarantined);
  clock.advance(kLearning - milliseconds(1));
  EXPECT_EQ(ask(104), RefusalReason::quarantined);
  EXPECT_EQ(ask(300), RefusalReason::quarantined);
  EXPECT_EQ(observer.learned, 0);
  clock.advance(milliseconds(1));
  // The request that ends it does not raise the floor any more.
  EXPECT_EQ(ask(303), std::nullopt);
  EXPECT_EQ(observer.learned, 1);
  EXPECT_EQ(ask(301), RefusalReason::quarantined);
  EXPECT_EQ(ask(302), RefusalReason::quarantined);
  EXPECT_EQ(ask(304), std::nullopt);
}

TEST_F(ReleaseMemoryTest, begins_to_learn_with_the_first_request) {
  quarantine_at(100);
  clock.advance(kLearning * 5);
  EXPECT_EQ(ask(500), RefusalReason::quarantined);
  clock.advance(kLearning);
  EXPECT_EQ(ask(502), RefusalReason::quarantined);
  EXPECT_EQ(ask(503), std::nullopt);
}

TEST_F(ReleaseMemoryTest, ends_a_quarantine_when_a_slot_above_its_floor_comes) {
  quarantine_at(100);
  ask(100);
  clock.advance(kLearning);
  EXPECT_EQ(ask(102), RefusalReason::quarantined);
  EXPECT_NE(memory->active_quarantine(), nullptr);
  EXPECT_EQ(observer.ended, 0);
  EXPECT_EQ(ask(103), std::nullopt);
  EXPECT_EQ(memory->active_quarantine(), nullptr);
  EXPECT_EQ(observer.ended, 1);
  // What is below stays refused for ever.
  EXPECT_EQ(ask(102), RefusalReason::quarantined);
  EXPECT_EQ(observer.ended, 1);
}

TEST_F(ReleaseMemoryTest, keeps_higher_floors_when_a_second_quarantine_begins) {
  quarantine_at(100);
  ask(200);
  clock.advance(kLearning - milliseconds(1));
  ASSERT_TRUE(meet(identity(3)));
  EXPECT_EQ(memory->quarantines_begun(), 2U);
  // It learns anew, and the first one's time counts no more.
  ask(150);
  clock.advance(milliseconds(1));
  EXPECT_EQ(ask(300), RefusalReason::quarantined);
  clock.advance(kLearning);
  EXPECT_EQ(ask(302), RefusalReason::quarantined);
  EXPECT_EQ(ask(303), std::nullopt);
}

TEST_F(ReleaseMemoryTest, is_in_quarantine_still_after_a_restart) {
  quarantine_at(100);
  ASSERT_TRUE(clock.run(memory->settle()));
  MemoryJournal read_back(journal.entries());
  const auto next = memory_over(read_back);
  ASSERT_NE(next->active_quarantine(), nullptr);
  EXPECT_EQ(next->quarantines_begun(), 0U);
  EXPECT_EQ(next->memory().pin()->timeline, 2);
  EXPECT_TRUE(next->judge(at_slot(1000)));
}

TEST_F(ReleaseMemoryTest, writes_a_quarantine_at_once_though_nobody_waits_for_it) {
  quarantine_at(100);
  MemoryJournal read_back(journal.entries());
  EXPECT_NE(memory_over(read_back)->active_quarantine(), nullptr);
}

TEST_F(ReleaseMemoryTest, asks_after_a_restart_for_what_the_last_beat_knew) {
  ASSERT_TRUE(meet(identity()));
  memory->committed(at_slot(100));
  ASSERT_TRUE(clock.run(memory->beaten(4)));
  memory->committed(at_slot(101));
  MemoryJournal read_back(journal.entries());
  const auto next = memory_over(read_back);
  EXPECT_EQ(next->beat(), 4);
  ASSERT_TRUE(next->question().newest_release);
  EXPECT_EQ(next->question().newest_release->key, at_slot(100).key);
}

TEST_F(ReleaseMemoryTest, tells_when_a_beat_could_not_be_kept) {
  journal.fail_next(100, Error{ErrorKind::unavailable, "the disk is full"});
  EXPECT_FALSE(clock.run(memory->beaten(4)));
  EXPECT_EQ(memory->beat(), 4);
}

TEST_F(ReleaseMemoryTest, lets_no_beat_be_made_before_a_quarantine_is_durable) {
  EXPECT_TRUE(clock.run(memory->settle()));
  EXPECT_TRUE(journal.entries().empty());
  quarantine_at(100);
  journal.fail_next(100, Error{ErrorKind::unavailable, "the disk is full"});
  EXPECT_FALSE(clock.run(memory->settle()));
  journal.fail_next(0, Error{});
  EXPECT_TRUE(clock.run(memory->settle()));
  const std::size_t entries = journal.entries().size();
  EXPECT_TRUE(clock.run(memory->settle()));
  EXPECT_EQ(journal.entries().size(), entries);
  ASSERT_TRUE(meet(identity(3)));
  journal.fail_next(100, Error{ErrorKind::unavailable, "the disk is full"});
  EXPECT_FALSE(clock.run(memory->settle()));
}

TEST_F(ReleaseMemoryTest, is_halted_for_ever_and_says_the_first_reason) {
  EXPECT_FALSE(memory->halted());
  memory->halt(Error{ErrorKind::corrupt, "first"});
  memory->halt(Error{ErrorKind::corrupt, "second"});
  ASSERT_TRUE(memory->halted());
  EXPECT_EQ(memory->halted()->message, "first");
}

}  // namespace
}  // namespace holdfast
