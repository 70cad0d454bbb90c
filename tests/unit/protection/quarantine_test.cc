// Where a quarantine begins, what it learns, whom it refuses, and when it is over. Invariant: S4.
#include "protection/quarantine.h"

#include <limits>

#include <gtest/gtest.h>

#include "support/example_duty.h"

namespace holdfast {
namespace {

using test::filled_with;

const RollupAddress kRollup = filled_with<RollupAddress>(0x11);
const RollupAddress kOther = filled_with<RollupAddress>(0x12);
constexpr SlotMargin kMargin{2};
constexpr Slot kHighest{std::numeric_limits<std::int64_t>::max()};

Quarantine learned(std::map<RollupAddress, Slot> floors) {
  return {.reason = QuarantineReason::lost_commits, .floors = std::move(floors), .learning = false};
}

TEST(QuarantineBegins, over_all_that_was_seen_and_the_margin) {
  const Quarantine begun = begin_quarantine(
      QuarantineReason::new_timeline, {{kRollup, Slot(10)}, {kOther, Slot(3)}}, kMargin, nullptr);
  EXPECT_EQ(begun.reason, QuarantineReason::new_timeline);
  EXPECT_TRUE(begun.learning);
  EXPECT_EQ(begun.floors, (SeenSlots{{kRollup, Slot(12)}, {kOther, Slot(5)}}));
}

TEST(QuarantineBegins, with_nothing_seen_and_learns) {
  const Quarantine begun = begin_quarantine(QuarantineReason::lost_commits, {}, kMargin, nullptr);
  EXPECT_TRUE(begun.floors.empty());
  EXPECT_TRUE(refuses(begun, kRollup, kHighest));
}

TEST(QuarantineBegins, and_keeps_the_floors_of_the_one_before_where_they_are_higher) {
  const Quarantine before = learned({{kRollup, Slot(20)}, {kOther, Slot(4)}});
  const Quarantine begun = begin_quarantine(
      QuarantineReason::new_timeline, {{kRollup, Slot(10)}, {kOther, Slot(3)}}, kMargin, &before);
  EXPECT_EQ(begun.floors, (SeenSlots{{kRollup, Slot(20)}, {kOther, Slot(5)}}));
  EXPECT_TRUE(begun.learning);
  EXPECT_EQ(begun.reason, QuarantineReason::new_timeline);
}

TEST(QuarantineBegins, below_the_highest_slot_without_an_overflow) {
  struct Row {
    std::int64_t below_highest;
    std::int64_t floor_below_highest;
  };
  for (const Row row : {Row{3, 1}, Row{2, 0}, Row{1, 0}, Row{0, 0}}) {
    const Slot seen(kHighest.number() - row.below_highest);
    const Quarantine begun =
        begin_quarantine(QuarantineReason::lost_commits, {{kRollup, seen}}, kMargin, nullptr);
    EXPECT_EQ(begun.floors.at(kRollup).number(), kHighest.number() - row.floor_below_highest);
  }
}

TEST(QuarantineBeginsDeathTest, only_with_a_margin) {
  EXPECT_DEATH(begin_quarantine(QuarantineReason::lost_commits, {}, SlotMargin(0), nullptr), "");
  EXPECT_EQ(
      begin_quarantine(QuarantineReason::lost_commits, {{kRollup, Slot(1)}}, SlotMargin(1), nullptr)
          .floors.at(kRollup),
      Slot(2));
}

TEST(QuarantineLearns, only_upwards_and_of_each_rollup) {
  Quarantine quarantine =
      begin_quarantine(QuarantineReason::lost_commits, {{kRollup, Slot(10)}}, kMargin, nullptr);
  learn_slot(quarantine, kRollup, Slot(9), kMargin);
  EXPECT_EQ(quarantine.floors.at(kRollup), Slot(12));
  learn_slot(quarantine, kRollup, Slot(10), kMargin);
  EXPECT_EQ(quarantine.floors.at(kRollup), Slot(12));
  learn_slot(quarantine, kRollup, Slot(11), kMargin);
  EXPECT_EQ(quarantine.floors.at(kRollup), Slot(13));
  learn_slot(quarantine, kOther, Slot(1), kMargin);
  EXPECT_EQ(quarantine.floors.at(kOther), Slot(3));
}

TEST(QuarantineLearnsDeathTest, nothing_when_it_has_learned) {
  Quarantine quarantine = learned({});
  EXPECT_DEATH(learn_slot(quarantine, kRollup, Slot(1), kMargin), "");
}

TEST(QuarantineRefuses, slots_up_to_its_floor) {
  const Quarantine quarantine = learned({{kRollup, Slot(12)}});
  EXPECT_TRUE(refuses(quarantine, kRollup, Slot(11)));
  EXPECT_TRUE(refuses(quarantine, kRollup, Slot(12)));
  EXPECT_FALSE(refuses(quarantine, kRollup, Slot(13)));
  EXPECT_FALSE(refuses(quarantine, kOther, Slot(0)));
}

TEST(QuarantineRefuses, everything_while_it_learns) {
  Quarantine quarantine = learned({{kRollup, Slot(12)}});
  quarantine.learning = true;
  EXPECT_TRUE(refuses(quarantine, kRollup, Slot(13)));
  EXPECT_TRUE(refuses(quarantine, kOther, Slot(0)));
}

TEST(QuarantineIsActive, until_a_slot_above_every_floor_was_seen) {
  const Quarantine quarantine = learned({{kRollup, Slot(12)}, {kOther, Slot(5)}});
  EXPECT_TRUE(is_active(quarantine, {}));
  EXPECT_TRUE(is_active(quarantine, {{kRollup, Slot(12)}, {kOther, Slot(6)}}));
  EXPECT_TRUE(is_active(quarantine, {{kRollup, Slot(13)}, {kOther, Slot(5)}}));
  EXPECT_TRUE(is_active(quarantine, {{kRollup, Slot(13)}}));
  EXPECT_FALSE(is_active(quarantine, {{kRollup, Slot(13)}, {kOther, Slot(6)}}));
}

TEST(QuarantineIsActive, while_it_learns) {
  Quarantine quarantine = learned({});
  EXPECT_FALSE(is_active(quarantine, {}));
  quarantine.learning = true;
  EXPECT_TRUE(is_active(quarantine, {{kRollup, kHighest}}));
}

TEST(QuarantineIsActive, not_for_ever_because_of_a_rollup_that_nobody_signs_for_any_more) {
  RollupAddress old_rollup;
  old_rollup.bytes.fill(0x41);
  RollupAddress new_rollup;
  new_rollup.bytes.fill(0x42);
  Quarantine quarantine;
  quarantine.learning = false;
  quarantine.floors = {{old_rollup, Slot(9002)}, {new_rollup, Slot(52)}};
  EXPECT_TRUE(
      is_active(quarantine, {{old_rollup, Slot(9000)}, {new_rollup, Slot(52)}}, new_rollup));
  EXPECT_FALSE(
      is_active(quarantine, {{old_rollup, Slot(9000)}, {new_rollup, Slot(53)}}, new_rollup));
}

TEST(QuarantineReason, has_a_name) {
  EXPECT_EQ(name_of(QuarantineReason::new_timeline), "new_timeline");
  EXPECT_EQ(name_of(QuarantineReason::lost_commits), "lost_commits");
  EXPECT_EQ(name_of(QuarantineReason::accepted_database), "accepted_database");
  EXPECT_EQ(name_of(QuarantineReason::unknown), "unknown");
}

}  // namespace
}  // namespace holdfast
