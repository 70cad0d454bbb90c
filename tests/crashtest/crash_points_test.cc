#include "crashtest/crash_points.h"

#include <csignal>

#include <gtest/gtest.h>

namespace holdfast::crashtest {
namespace {

struct Row {
  const char* name;
  const char* text;
  std::optional<CrashPoint> expected;
};
class CrashPointText : public testing::TestWithParam<Row> {};

TEST_P(CrashPointText, is_a_crash_point_or_refused) {
  const std::optional<CrashPoint> point = parse_crash_point(GetParam().text);
  ASSERT_EQ(point.has_value(), GetParam().expected.has_value());
  if (!point) return;
  EXPECT_EQ(point->step, GetParam().expected->step);
  EXPECT_EQ(point->signal_number, GetParam().expected->signal_number);
  EXPECT_EQ(point->at_occurrence, GetParam().expected->at_occurrence);
}

INSTANTIATE_TEST_SUITE_P(
    rows, CrashPointText,
    testing::Values(Row{"step_alone", "claimed", CrashPoint{SignStep::claimed, SIGKILL, 1}},
                    Row{"stop", "recorded:stop", CrashPoint{SignStep::recorded, SIGSTOP, 1}},
                    Row{"third_time", "signed:kill:3", CrashPoint{SignStep::signed_, SIGKILL, 3}},
                    Row{"number_alone", "released:2", CrashPoint{SignStep::released, SIGKILL, 2}},
                    Row{"claiming", "claiming", CrashPoint{SignStep::received, SIGKILL, 1}},
                    Row{"recording", "recording:stop", CrashPoint{SignStep::signed_, SIGSTOP, 1}},
                    Row{"empty", "", std::nullopt}, Row{"unknown", "dreaming", std::nullopt},
                    Row{"zero_times", "claimed:kill:0", std::nullopt},
                    Row{"unknown_act", "claimed:explode", std::nullopt}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(CrashObserver, kills_its_process_at_the_chosen_occurrence_of_the_step_only) {
  const auto reach_it = [](int times) {
    CrashObserver observer({SignStep::signed_, SIGKILL, 2});
    const Duty duty;
    observer.on_step(SignStep::claimed, duty, {});
    for (int i = 0; i < times; ++i) observer.on_step(SignStep::signed_, duty, {});
    observer.on_step(SignStep::recorded, duty, {});
  };
  reach_it(1);
  EXPECT_EXIT(reach_it(2), testing::KilledBySignal(SIGKILL), "");
}

}  // namespace
}  // namespace holdfast::crashtest
