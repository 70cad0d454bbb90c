// Every row of the decision table, with rows below, at and above the one bound (the age from
// which a lock counts as abandoned). Invariants: S2, S5.
#include "protection/judge.h"

#include <ostream>

#include <gtest/gtest.h>

#include "support/example_duty.h"

namespace holdfast {
namespace {

using std::chrono::milliseconds;
using test::example_duty;
using test::filled_with;
using test::hash_of;

enum class Expected { refusal, replay, wait, take_over };

struct Row {
  const char* name;
  ExistingDuty existing;
  Replay replay = Replay::own;
  Expected expected = Expected::refusal;
  RefusalReason reason = RefusalReason::unknown;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

ExistingDuty signing(LockHolder holder, milliseconds age, std::uint8_t hash = 0xaa,
                     bool pinned_idle = false) {
  return {.status = DutyStatus::signing,
          .message_hash = hash_of(hash),
          .node_id = "node-2",
          .signature = std::nullopt,
          .holder = holder,
          .lock_age = age,
          .pinned_idle = pinned_idle};
}

ExistingDuty signed_by(const char* node, std::uint8_t hash = 0xaa, bool with_signature = true) {
  ExistingDuty existing{.status = DutyStatus::signed_,
                        .message_hash = hash_of(hash),
                        .node_id = node,
                        .signature = std::nullopt,
                        .holder = LockHolder::holdfast,
                        .lock_age = milliseconds(0),
                        .pinned_idle = false};
  if (with_signature) existing.signature = filled_with<Signature>(0x55);
  return existing;
}

constexpr LockHolder kOther = LockHolder::other_implementation;
constexpr LockHolder kOurs = LockHolder::holdfast;
constexpr LockHolder kPinned = LockHolder::holdfast_pinned;
constexpr RefusalReason kDone = RefusalReason::duty_already_signed;
constexpr RefusalReason kConflict = RefusalReason::slashing_protection;
constexpr RefusalReason kBusy = RefusalReason::signing_in_progress;

const Row kRows[] = {
    {"unknown_status_is_refused", ExistingDuty{}, Replay::any, Expected::refusal,
     RefusalReason::unknown},

    {"signed_by_us_is_replayed_by_default", signed_by("node-1"), Replay::own, Expected::replay},
    {"signed_by_another_is_not_replayed_by_default", signed_by("node-2"), Replay::own,
     Expected::refusal, kDone},
    {"signed_by_another_is_replayed_when_any", signed_by("node-2"), Replay::any, Expected::replay},
    {"signed_by_us_is_not_replayed_when_off", signed_by("node-1"), Replay::off, Expected::refusal,
     kDone},
    {"signed_without_a_stored_signature", signed_by("node-1", 0xaa, false), Replay::any,
     Expected::refusal, kDone},
    {"refuses_a_second_hash_for_a_signed_duty", signed_by("node-1", 0xbb), Replay::any,
     Expected::refusal, kConflict},
    {"refuses_a_second_hash_signed_by_another", signed_by("node-2", 0xbb), Replay::any,
     Expected::refusal, kConflict},

    {"waits_for_a_fresh_lock", signing(kOurs, milliseconds(0)), Replay::own, Expected::wait, kBusy},
    {"waits_below_the_time_out", signing(kOurs, milliseconds(2999)), Replay::own, Expected::wait,
     kBusy},
    {"takes_over_at_the_time_out", signing(kOurs, milliseconds(3000)), Replay::own,
     Expected::take_over, kBusy},
    {"takes_over_above_the_time_out", signing(kOurs, milliseconds(3001)), Replay::own,
     Expected::take_over, kBusy},
    {"takes_over_an_abandoned_lock_of_another_hash", signing(kOurs, milliseconds(3000), 0xbb),
     Replay::own, Expected::take_over, kBusy},
    {"waits_for_a_fresh_lock_of_another_hash", signing(kOurs, milliseconds(0), 0xbb), Replay::own,
     Expected::wait, kBusy},

    {"never_takes_over_the_lock_of_another_implementation", signing(kOther, milliseconds(3001)),
     Replay::own, Expected::wait, kBusy},
    {"never_takes_over_a_very_old_lock_of_another_implementation",
     signing(kOther, std::chrono::hours(24)), Replay::any, Expected::wait, kBusy},

    {"takes_over_an_idle_pin_at_once", signing(kPinned, milliseconds(0), 0xaa, true), Replay::own,
     Expected::take_over, kBusy},
    {"waits_for_a_pin_at_work", signing(kPinned, milliseconds(2999)), Replay::own, Expected::wait,
     kBusy},
    {"takes_over_a_pin_at_work_at_the_time_out", signing(kPinned, milliseconds(3000)), Replay::own,
     Expected::take_over, kBusy},
    {"refuses_another_hash_for_a_pinned_duty", signing(kPinned, milliseconds(3001), 0xbb, true),
     Replay::any, Expected::refusal, kConflict},
    {"refuses_another_hash_for_a_pin_at_work", signing(kPinned, milliseconds(3001), 0xbb),
     Replay::any, Expected::refusal, kConflict},
};

class Judge : public testing::TestWithParam<Row> {};

TEST_P(Judge, decides_as_the_table_says) {
  const Row& row = GetParam();
  const JudgeRules rules{
      .node_id = "node-1", .replay = row.replay, .signing_timeout = milliseconds(3000)};
  const Duty attempt = example_duty();
  const Decision decision = judge(attempt, row.existing, rules);
  switch (row.expected) {
    case Expected::refusal: {
      const auto* refusal = std::get_if<Refusal>(&decision);
      ASSERT_NE(refusal, nullptr);
      EXPECT_EQ(refusal->reason, row.reason);
      EXPECT_EQ(refusal->key, attempt.key);
      EXPECT_EQ(refusal->attempted_hash, attempt.message_hash);
      EXPECT_EQ(refusal->existing_hash, row.existing.message_hash);
      EXPECT_EQ(refusal->node_id, row.existing.node_id);
      break;
    }
    case Expected::replay:
      ASSERT_TRUE(std::holds_alternative<ReplayStored>(decision));
      EXPECT_EQ(std::get<ReplayStored>(decision).signature, *row.existing.signature);
      break;
    case Expected::wait:
      ASSERT_TRUE(std::holds_alternative<WaitForOther>(decision));
      EXPECT_EQ(std::get<WaitForOther>(decision).if_given_up.reason, row.reason);
      EXPECT_EQ(std::get<WaitForOther>(decision).if_given_up.node_id, "node-2");
      break;
    case Expected::take_over:
      ASSERT_TRUE(std::holds_alternative<TakeOver>(decision));
      EXPECT_EQ(std::get<TakeOver>(decision).min_age, rules.signing_timeout);
      EXPECT_EQ(std::get<TakeOver>(decision).if_given_up.reason, row.reason);
      break;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Judge, testing::ValuesIn(kRows),
                         [](const auto& info) { return std::string(info.param.name); });

/** Whatever the facts, a duty that is signed or pinned with another hash is never signed. */
TEST(JudgeProperty, no_facts_let_a_second_hash_through) {
  for (const DutyStatus status : {DutyStatus::unknown, DutyStatus::signing, DutyStatus::signed_}) {
    for (const LockHolder holder : {kOther, kOurs, kPinned}) {
      for (const Replay replay : {Replay::off, Replay::own, Replay::any}) {
        for (const bool idle : {false, true}) {
          ExistingDuty existing = signing(holder, milliseconds(9999), 0xbb, idle);
          existing.status = status;
          existing.signature = filled_with<Signature>(0x55);
          const JudgeRules rules{
              .node_id = "node-2", .replay = replay, .signing_timeout = milliseconds(3000)};
          const Decision decision = judge(example_duty(), existing, rules);
          EXPECT_FALSE(std::holds_alternative<ReplayStored>(decision));
          if (status == DutyStatus::signed_ || holder == kPinned) {
            EXPECT_TRUE(std::holds_alternative<Refusal>(decision));
          }
          if (holder == kOther) {
            EXPECT_FALSE(std::holds_alternative<TakeOver>(decision));
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace holdfast
