// Ten stores on one database, as ten processes have them, racing for the same duties. The audit is
// of the answers, not of the database. Invariants: S1, S2.
#include <map>
#include <set>

#include "store_conformance/conformance.h"

namespace holdfast {
namespace {

using namespace holdfast::test;

constexpr int kNodes = 10;
constexpr int kRounds = 20;

class Race : public StoreTest {
 protected:
  Race() {
    for (int node = 0; node < kNodes; ++node) stores.push_back(&database().open());
  }

  static std::string node_name(int node) { return "node-" + std::to_string(node); }

  /** What each node was told, by node. */
  std::vector<Result<ClaimAnswer>> race(const std::vector<Duty>& duties) {
    std::vector<Task<Result<ClaimAnswer>>> asks;
    for (int node = 0; node < kNodes; ++node) {
      asks.push_back(stores[static_cast<std::size_t>(node)]->claim(
          duties[static_cast<std::size_t>(node)], node_name(node), next_token()));
    }
    return loop.run_all(std::move(asks));
  }

  /** Checks that one node won; records for it and gives the winner's number. */
  int check_one_winner(std::vector<Result<ClaimAnswer>> answers) {
    int winner = -1;
    for (int node = 0; node < kNodes; ++node) {
      Result<ClaimAnswer>& answer = answers[static_cast<std::size_t>(node)];
      if (!answer) ADD_FAILURE() << node << ": " << answer.error().message;
      if (!answer || !std::holds_alternative<HeldLock>(*answer)) continue;
      EXPECT_EQ(winner, -1) << "two nodes hold one lock";
      winner = node;
      EXPECT_TRUE(record(std::get<HeldLock>(std::move(*answer))));
    }
    EXPECT_NE(winner, -1) << "nobody holds the lock";
    return winner;
  }

  std::vector<DutyStore*> stores;
};
INSTANTIATE_TEST_SUITE_P(Stores, Race,
                         testing::Values(StoreKind::memory, StoreKind::sqlite, StoreKind::postgres),
                         kind_name);

TEST_P(Race, ten_stores_with_one_message_give_one_lock) {
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Duty> duties(kNodes, duty_at(round));
    const int winner = check_one_winner(race(duties));
    EXPECT_EQ(row(duty_at(round).key)->node_id, node_name(winner));
  }
}

TEST_P(Race, ten_stores_with_ten_messages_give_one_lock_and_its_hash_stays) {
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Duty> duties;
    for (int node = 0; node < kNodes; ++node) {
      duties.push_back(duty_at(round, 0, static_cast<std::uint8_t>(0xa0 + node)));
    }
    const int winner = check_one_winner(race(duties));
    const auto kept = row(duty_at(round).key);
    EXPECT_EQ(kept->node_id, node_name(winner));
    EXPECT_EQ(kept->duty, duties[static_cast<std::size_t>(winner)]);
  }
}

TEST_P(Race, ten_stores_take_over_one_dead_nodes_lock_once) {
  for (int round = 0; round < kRounds; ++round) {
    const Duty duty = duty_at(round);
    HeldLock dead = lock(duty, "dead");
    database().age_row(duty.key, seconds(3600));
    std::vector<Task<Result<ClaimAnswer>>> asks;
    for (int node = 0; node < kNodes; ++node) {
      asks.push_back(stores[static_cast<std::size_t>(node)]->take_over(
          duty_at(round, 0, static_cast<std::uint8_t>(0xa0 + node)), node_name(node), next_token(),
          seconds(1800)));
    }
    check_one_winner(loop.run_all(std::move(asks)));
    EXPECT_FALSE(record(std::move(dead)));
  }
}

// One store under load: all of its operations share transactions, and each keeps its own answer.
TEST_P(Race, a_batch_of_many_duties_answers_each_for_itself) {
  constexpr int kDuties = 600;
  sign(duty_at(3), "node-1");
  const HeldLock other = lock(duty_at(4), "node-2");
  std::vector<Task<Result<ClaimAnswer>>> asks;
  for (int slot = 0; slot < kDuties; ++slot) {
    asks.push_back(store.claim(duty_at(slot, 0, 0xbb), "node-1", next_token()));
  }
  std::vector<Result<ClaimAnswer>> answers = loop.run_all(std::move(asks));
  std::vector<SealedSignature> sealed;
  std::vector<HeldLock> locks;
  for (int slot = 0; slot < kDuties; ++slot) {
    Result<ClaimAnswer>& answer = answers[static_cast<std::size_t>(slot)];
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    const bool taken_already = slot == 3 || slot == 4;
    ASSERT_EQ(std::holds_alternative<Taken>(*answer), taken_already) << slot;
    if (!taken_already) locks.push_back(std::get<HeldLock>(std::move(*answer)));
  }
  for (const HeldLock& held : locks) sealed.push_back(seal(held));
  std::vector<Task<Result<RecordAnswer>>> records;
  for (std::size_t at = 0; at < locks.size(); ++at) {
    records.push_back(store.record(std::move(locks[at]), sealed[at]));
  }
  for (Result<RecordAnswer>& answer : loop.run_all(std::move(records))) {
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_TRUE(std::holds_alternative<SignedRecord>(*answer));
  }
  DutyFilter signed_rows;
  signed_rows.status = DutyStatus::signed_;
  signed_rows.limit = 10000;
  EXPECT_EQ(list(signed_rows).size(), static_cast<std::size_t>(kDuties - 1));
}

// The same key several times in what may become one batch: one wins, the others are told who.
TEST_P(Race, one_duty_many_times_in_one_batch_gives_one_lock) {
  std::vector<Task<Result<ClaimAnswer>>> asks;
  for (int time = 0; time < 50; ++time) {
    asks.push_back(
        store.claim(example_duty(static_cast<std::uint8_t>(time)), "node-1", next_token()));
  }
  int locked = 0;
  std::optional<MessageHash> kept;
  std::vector<Result<ClaimAnswer>> answers = loop.run_all(std::move(asks));
  for (const Result<ClaimAnswer>& answer : answers) {
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    if (const auto* held = std::get_if<HeldLock>(&*answer)) {
      ++locked;
      kept = held->duty().message_hash;
    }
  }
  EXPECT_EQ(locked, 1);
  for (const Result<ClaimAnswer>& answer : answers) {
    if (const auto* other = std::get_if<Taken>(&*answer)) {
      EXPECT_EQ(other->existing.message_hash, kept);
    }
  }
}

}  // namespace
}  // namespace holdfast
