#include "signer/clean_up.h"

#include <memory>

#include <gtest/gtest.h>

#include "store/memory/memory_store.h"
#include "support/example_duty.h"
#include "support/log_capture.h"
#include "support/virtual_clock.h"
#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using test::example_duty;

struct Fixture {
  test::LogCapture log;
  Metrics metrics;
  test::VirtualClock clock;
  MemoryStore store{clock};
  std::unique_ptr<CleanUp> clean_up = std::make_unique<CleanUp>(
      store, clock, metrics, log.logger(),
      CleanUpSettings{.node_id = "node-a", .max_stuck_duties_age = 144s, .pruning = std::nullopt});

  void claim(const std::string& node_id, Slot slot) {
    Duty duty = example_duty();
    duty.key.slot = slot;
    std::array<std::uint8_t, 16> random{};
    random[0] = static_cast<std::uint8_t>(slot.number());
    auto answer = clock.run(store.claim(duty, node_id, LockToken::from_random(random)));
    ASSERT_TRUE(answer && std::holds_alternative<HeldLock>(*answer));
  }
  bool has_row(Slot slot) {
    DutyKey key = example_duty().key;
    key.slot = slot;
    auto row = clock.run(store.read(key));
    return row && row->has_value();
  }
  std::uint64_t runs(std::string_view outcome) {
    return metrics.counter(metric::kCleanUps, {outcome}).value();
  }
};

// Reference 4.7 item 64.
TEST(CleanUp, deletes_own_stuck_rows_at_once_when_it_starts) {
  Fixture f;
  f.claim("node-a", Slot(1));
  f.claim("node-b", Slot(2));
  f.clock.advance(144s);
  f.claim("node-a", Slot(3));
  f.clean_up->start();
  EXPECT_FALSE(f.has_row(Slot(1)));
  EXPECT_TRUE(f.has_row(Slot(2)));
  EXPECT_TRUE(f.has_row(Slot(3)));
  EXPECT_EQ(f.metrics.counter(metric::kStuckDutiesDeleted).value(), 1u);
  EXPECT_EQ(f.log.text(),
            "VERBOSE slashing-protection: Cleaned up 1 stuck duties { nodeId: 'node-a' }\n");
}

// Reference 4.7 items 70 and 71.
TEST(CleanUp, runs_again_when_the_age_is_over_and_not_before) {
  Fixture f;
  f.clean_up->start();
  EXPECT_EQ(f.runs("done"), 1u);
  f.clock.advance(144s - 1ns);
  EXPECT_EQ(f.runs("done"), 1u);
  f.clock.advance(1ns);
  EXPECT_EQ(f.runs("done"), 2u);
  f.clock.advance(144s);
  EXPECT_EQ(f.runs("done"), 3u);
  EXPECT_EQ(f.log.text(), "");
}

TEST(CleanUp, goes_on_after_a_run_that_failed) {
  Fixture f;
  f.claim("node-a", Slot(1));
  f.clock.advance(144s);
  f.store.inject(MemoryFault::refused);
  f.clean_up->start();
  EXPECT_EQ(f.runs("failed"), 1u);
  EXPECT_TRUE(f.has_row(Slot(1)));
  EXPECT_NE(f.log.text().find("WARN slashing-protection: Cleaning up stuck duties failed"),
            std::string::npos);
  f.clock.advance(144s);
  EXPECT_EQ(f.runs("done"), 1u);
  EXPECT_FALSE(f.has_row(Slot(1)));
}

TEST(CleanUp, prunes_nothing_without_an_age) {
  Fixture f;
  f.claim("node-b", Slot(1));
  f.clean_up->start();
  f.clock.advance(1000h);
  EXPECT_TRUE(f.has_row(Slot(1)));
  EXPECT_EQ(f.metrics.counter(metric::kPrunes, {"done"}).value(), 0u);
}

struct PruningFixture : Fixture {
  PruningFixture() {
    CleanUpSettings settings{
        .node_id = "node-a", .max_stuck_duties_age = 144s, .pruning = std::nullopt};
    settings.pruning = CleanUpSettings::Pruning{.rollup_address = example_duty().key.rollup_address,
                                                .max_age = 24h};
    clean_up = std::make_unique<CleanUp>(store, clock, metrics, log.logger(), settings);
  }
  std::uint64_t prunes(std::string_view outcome) {
    return metrics.counter(metric::kPrunes, {outcome}).value();
  }
};

// Reference 4.7 items 69 and 72, but behind a watermark.
TEST(CleanUp, prunes_every_hour_what_is_older_than_the_age) {
  PruningFixture f;
  f.claim("node-b", Slot(1));
  f.clean_up->start();
  EXPECT_EQ(f.prunes("done"), 1u);
  f.clock.advance(1h - 1ns);
  EXPECT_EQ(f.prunes("done"), 1u);
  f.clock.advance(1ns);
  EXPECT_EQ(f.prunes("done"), 2u);
  f.clock.advance(22h);
  EXPECT_TRUE(f.has_row(Slot(1)));
  f.claim("node-b", Slot(2));
  f.clock.advance(1h);
  EXPECT_FALSE(f.has_row(Slot(1)));
  EXPECT_TRUE(f.has_row(Slot(2)));
  EXPECT_EQ(f.metrics.counter(metric::kDutiesPruned).value(), 1u);
  EXPECT_NE(f.log.text().find("INFO slashing-protection: Pruned 1 old duties"), std::string::npos)
      << f.log.text();
  Duty again = example_duty();
  again.key.slot = Slot(1);
  auto answer = f.clock.run(f.store.claim(again, "node-a", LockToken::from_random({})));
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(std::holds_alternative<BelowWatermark>(*answer));
}

TEST(CleanUp, goes_on_pruning_after_a_run_that_failed) {
  PruningFixture f;
  f.clean_up->start();
  f.clock.advance(1h - 1ns);
  f.store.inject(MemoryFault::refused, 1000);
  f.clock.advance(1ns);
  EXPECT_EQ(f.prunes("failed"), 1u);
  EXPECT_NE(f.log.text().find("WARN slashing-protection: Pruning old duties failed"),
            std::string::npos);
  f.store.inject(MemoryFault::none, 0);
  f.clock.advance(1h);
  EXPECT_EQ(f.prunes("done"), 2u);
}

TEST(CleanUp, does_not_run_after_it_was_stopped) {
  Fixture f;
  f.clean_up->start();
  f.clean_up->stop();
  f.clock.advance(1h);
  EXPECT_EQ(f.runs("done"), 1u);
}

TEST(CleanUp, does_not_run_after_it_is_gone) {
  Fixture f;
  f.clean_up->start();
  f.clean_up.reset();
  f.clock.advance(1h);
  EXPECT_EQ(f.runs("done"), 1u);
}

}  // namespace
}  // namespace holdfast
