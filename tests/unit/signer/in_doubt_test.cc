// What DutyStore makes of a commit whose answer was lost (S5): every sequence of answers that a
// store can give to a record and to its reading back, against a scripted store.
#include <deque>
#include <ostream>

#include <gtest/gtest.h>

#include "keys/key_ring.h"
#include "store/duty_store.h"
#include "support/example_duty.h"
#include "support/test_key.h"
#include "support/virtual_clock.h"

namespace holdfast {
namespace {

using test::VirtualClock;

/** Answers from a script; a call that the script does not expect fails the test. */
class ScriptedStore final : public DutyStore {
 public:
  using DutyStore::Recorded;
  using DutyStore::TokenState;

  explicit ScriptedStore(Clock& clock) : DutyStore(clock) {}

  std::deque<Result<bool>> lock_answers;  // true: locked
  std::deque<Result<Recorded>> record_answers;
  std::deque<Result<TokenState>> read_answers;
  std::vector<std::string> asked_tokens;

  Task<Result<std::optional<DutyRow>>> read(DutyKey) override { co_return std::nullopt; }
  Task<Result<std::vector<DutyRow>>> list(DutyFilter) override { co_return std::vector<DutyRow>(); }
  Task<Result<std::vector<DutyCount>>> count_by_node(std::chrono::seconds) override {
    co_return std::vector<DutyCount>();
  }
  Task<Result<bool>> has_signed(std::string) override { co_return false; }
  Task<Result<std::vector<PrunedDuties>>> do_prune(PruneRequest) override {
    co_return std::vector<PrunedDuties>();
  }
  Task<Result<std::int64_t>> delete_stuck(std::string, std::chrono::milliseconds) override {
    co_return 0;
  }
  Task<Result<HistoryMarks>> read_history_marks(HistoryFilter) override {
    co_return HistoryMarks{};
  }
  Task<Result<std::vector<DutyRow>>> do_read_history(HistoryFilter, std::optional<DutyKey>,
                                                     std::size_t) override {
    co_return std::vector<DutyRow>();
  }
  Task<Result<MergedHistory>> do_import_history(HistoryBatch, ImportMode) override {
    co_return MergedHistory{};
  }
  Task<Result<StoreState>> check() override { co_return StoreState{}; }
  Task<void> close() override { co_return; }

 protected:
  Task<Result<LockReply>> do_lock(LockRequest request) override {
    Result<bool> answer = take(lock_answers);
    if (!answer) co_return std::move(answer).error();
    if (!*answer) co_return LockReply(BelowWatermark{Slot(1)});
    co_return LockReply(Locked{request.token.text()});
  }
  Task<Result<Recorded>> do_record(RecordRequest) override { co_return take(record_answers); }
  Task<Result<void>> do_release(ReleaseRequest) override { co_return Result<void>(); }
  Task<Result<GatedReply>> do_find_gated(RollupAddress, Address, MessageHash) override {
    co_return GatedReply(std::monostate{});
  }
  Task<Result<TokenState>> do_read_token(TokenQuestion question) override {
    asked_tokens.push_back(question.token);
    co_return take(read_answers);
  }

 private:
  template <class T>
  static T take(std::deque<T>& answers) {
    CHECK(!answers.empty());
    T answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }
};

using Recorded = ScriptedStore::Recorded;
using TokenState = ScriptedStore::TokenState;

const Error kInDoubt{ErrorKind::in_doubt, "the answer was lost"};
const Error kDown{ErrorKind::unavailable, "the database is down"};

enum class Outcome { released, lost, failed };

struct Row {
  const char* name;
  std::vector<Result<Recorded>> records;
  std::vector<Result<TokenState>> reads;
  Outcome outcome;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

const Row kRows[] = {
    {"recorded_at_once", {Recorded::yes}, {}, Outcome::released},
    {"lock_lost", {Recorded::lock_lost}, {}, Outcome::lost},
    {"nothing_was_sent", {kDown}, {}, Outcome::failed},
    {"in_doubt_and_it_was_recorded", {kInDoubt}, {TokenState::signed_}, Outcome::released},
    {"in_doubt_and_the_lock_is_gone", {kInDoubt}, {TokenState::not_ours}, Outcome::lost},
    {"in_doubt_then_recorded_again",
     {kInDoubt, Recorded::yes},
     {TokenState::locked},
     Outcome::released},
    {"in_doubt_and_the_database_stays_away",
     {kInDoubt},
     {kDown, kDown, kDown, kDown, kDown},
     Outcome::failed},
    {"in_doubt_and_the_database_comes_back",
     {kInDoubt},
     {kDown, kDown, kDown, kDown, TokenState::signed_},
     Outcome::released},
    {"second_try_finds_no_row_but_the_first_had_landed",
     {kInDoubt, Recorded::lock_lost},
     {TokenState::locked, TokenState::signed_},
     Outcome::released},
    {"second_try_finds_no_row_and_it_was_taken_over",
     {kInDoubt, Recorded::lock_lost},
     {TokenState::locked, TokenState::not_ours},
     Outcome::lost},
    {"in_doubt_then_nothing_was_sent", {kInDoubt, kDown}, {TokenState::locked}, Outcome::failed},
    {"in_doubt_three_times",
     {kInDoubt, kInDoubt, kInDoubt},
     {TokenState::locked, TokenState::locked, TokenState::locked},
     Outcome::failed},
};

class RecordInDoubt : public testing::TestWithParam<Row> {};

TEST_P(RecordInDoubt, releases_only_what_was_seen_to_be_durable) {
  const Row& row = GetParam();
  VirtualClock clock;
  ScriptedStore store(clock);
  KeyRing keys;
  keys.add(test::address_one(), {.attester = true}, std::make_shared<test::TestKey>(clock));
  Duty duty = test::example_duty();
  duty.key.validator_address = test::address_one();
  const LockToken token = LockToken::from_random({});

  store.lock_answers = {true};
  Result<ClaimAnswer> claimed = clock.run(store.claim(duty, "node-1", token));
  HeldLock lock = std::get<HeldLock>(std::move(*claimed));
  auto sealed = clock.run(keys.sign(lock, {MessageForm::eth_sign, duty.message_hash, ""}));

  store.record_answers = {row.records.begin(), row.records.end()};
  store.read_answers = {row.reads.begin(), row.reads.end()};
  Result<RecordAnswer> answer =
      clock.run(store.record(std::move(lock), std::get<SealedSignature>(sealed)));

  EXPECT_TRUE(store.record_answers.empty()) << "not every record of the script was asked for";
  EXPECT_TRUE(store.read_answers.empty()) << "not every reading back was asked for";
  switch (row.outcome) {
    case Outcome::released:
      ASSERT_TRUE(answer.has_value());
      EXPECT_TRUE(std::holds_alternative<SignedRecord>(*answer));
      break;
    case Outcome::lost:
      ASSERT_TRUE(answer.has_value());
      ASSERT_TRUE(std::holds_alternative<LockLost>(*answer));
      // Only a lock that was lost at once tells that nothing was committed.
      EXPECT_EQ(std::get<LockLost>(*answer).was_in_doubt, !row.reads.empty());
      break;
    case Outcome::failed:
      ASSERT_FALSE(answer.has_value());
      EXPECT_EQ(answer.error().kind,
                !row.reads.empty() ? ErrorKind::in_doubt : ErrorKind::unavailable);
      break;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, RecordInDoubt, testing::ValuesIn(kRows),
                         [](const auto& info) { return std::string(info.param.name); });

class ClaimInDoubt : public testing::Test {
 protected:
  Result<ClaimAnswer> claim(std::vector<Result<TokenState>> reads) {
    store.lock_answers = {Result<bool>(kInDoubt)};
    store.read_answers = {reads.begin(), reads.end()};
    return clock.run(store.claim(test::example_duty(), "node-1", token));
  }

  VirtualClock clock;
  ScriptedStore store{clock};
  LockToken token = LockToken::from_random({});
};

TEST_F(ClaimInDoubt, is_ours_when_the_row_bears_our_token) {
  const Result<ClaimAnswer> answer = claim({TokenState::locked});
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(std::holds_alternative<HeldLock>(*answer));
  EXPECT_EQ(store.asked_tokens, std::vector<std::string>{token.text()});
}

TEST_F(ClaimInDoubt, is_ours_when_a_pinned_lock_was_taken_over) {
  const Result<ClaimAnswer> answer = claim({TokenState::not_ours, TokenState::locked});
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(std::holds_alternative<HeldLock>(*answer));
  EXPECT_EQ(store.asked_tokens.back(), token.pinned().text());
}

TEST_F(ClaimInDoubt, is_an_error_when_the_row_is_not_ours) {
  const Result<ClaimAnswer> answer = claim({TokenState::not_ours, TokenState::not_ours});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
}

TEST_F(ClaimInDoubt, stays_in_doubt_when_the_database_stays_away) {
  const Result<ClaimAnswer> answer = claim({kDown, kDown, kDown, kDown, kDown});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::in_doubt);
}

}  // namespace
}  // namespace holdfast
