#include "api/store_health.h"

#include <memory>

#include <gtest/gtest.h>

#include "store/memory/memory_store.h"
#include "support/log_capture.h"
#include "support/virtual_clock.h"
#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

/** A store of which only check() does anything: it answers what the test says, after a while. */
class AnsweringStore final : public DutyStore {
 public:
  explicit AnsweringStore(Clock& clock) : DutyStore(clock), clock_(clock) {}

  Task<Result<StoreState>> check() override {
    ++checks;
    if (delay.count() > 0) co_await clock_.sleep(delay);
    co_return answer;
  }
  StorePoolUse pool_use() const override { return use; }

  Task<Result<std::optional<DutyRow>>> read(DutyKey) override { co_return Error{}; }
  Task<Result<std::vector<DutyRow>>> list(DutyFilter) override { co_return Error{}; }
  Task<Result<std::vector<DutyCount>>> count_by_node(std::chrono::seconds) override {
    co_return Error{};
  }
  Task<Result<bool>> has_signed(std::string) override { co_return Error{}; }
  Task<Result<std::vector<PrunedDuties>>> do_prune(PruneRequest) override { co_return Error{}; }
  Task<Result<std::int64_t>> delete_stuck(std::string, std::chrono::milliseconds) override {
    co_return Error{};
  }
  Task<Result<HistoryMarks>> read_history_marks(HistoryFilter) override { co_return Error{}; }
  Task<Result<std::vector<DutyRow>>> do_read_history(HistoryFilter, std::optional<DutyKey>,
                                                     std::size_t) override {
    co_return Error{};
  }
  Task<Result<MergedHistory>> do_import_history(HistoryBatch, ImportMode) override {
    co_return Error{};
  }
  Task<void> close() override { co_return; }

  Result<StoreState> answer = Error{ErrorKind::unavailable, "not set"};
  std::chrono::nanoseconds delay{0};
  StorePoolUse use;
  int checks = 0;

 protected:
  Task<Result<LockReply>> do_lock(LockRequest) override { co_return Error{}; }
  Task<Result<Recorded>> do_record(RecordRequest) override { co_return Error{}; }
  Task<Result<void>> do_release(ReleaseRequest) override { co_return Error{}; }
  Task<Result<GatedReply>> do_find_gated(RollupAddress, Address, MessageHash) override {
    co_return Error{};
  }
  Task<Result<TokenState>> do_read_token(TokenQuestion) override { co_return Error{}; }

 private:
  Clock& clock_;
};

StoreState good_state() {
  StoreState state;
  state.backend = "postgres";
  state.place = "db:5432/aztec";
  state.schema_version = 1;
  return state;
}

struct Fixture {
  test::VirtualClock clock;
  AnsweringStore store{clock};
  Metrics metrics;
  test::LogCapture log;
  StoreHealth health{store, clock, metrics, log.logger(), {.interval = 1s, .patience = 5s}};

  double up_metric() {
    (void)metrics.exposition();
    return metrics.gauge(metric::kStoreUp).value();
  }
};

TEST(StoreHealth, is_down_before_the_first_answer) {
  Fixture f;
  EXPECT_FALSE(f.health.report().up());
  f.store.answer = good_state();
  f.store.delay = 1ms;
  f.health.start();
  EXPECT_FALSE(f.health.report().up());
  EXPECT_FALSE(f.health.report().age);
  EXPECT_EQ(f.up_metric(), 0);
  f.clock.advance(1ms);
  EXPECT_TRUE(f.health.report().up());
  EXPECT_EQ(f.up_metric(), 1);
  f.health.stop();
}

TEST(StoreHealth, asks_once_an_interval_and_keeps_the_answer_meanwhile) {
  Fixture f;
  f.store.answer = good_state();
  f.health.start();
  EXPECT_EQ(f.store.checks, 1);
  for (int time = 0; time < 100; ++time) (void)f.health.report();
  EXPECT_EQ(f.store.checks, 1);
  f.clock.advance(999ms);
  EXPECT_EQ(f.store.checks, 1);
  EXPECT_EQ(f.health.report().age, 999ms);
  f.clock.advance(1ms);
  EXPECT_EQ(f.store.checks, 2);
  EXPECT_EQ(f.health.report().age, 0ms);
  f.health.stop();
}

TEST(StoreHealth, tells_the_reason_and_what_was_known_and_recovers) {
  Fixture f;
  f.store.answer = good_state();
  f.health.start();
  f.store.answer = Error{ErrorKind::unavailable, "connection refused"};
  f.clock.advance(2s);
  EXPECT_EQ(f.health.report().problem, "connection refused");
  ASSERT_TRUE(f.health.report().state);
  EXPECT_EQ(f.health.report().state->place, "db:5432/aztec");
  f.store.answer = good_state();
  f.clock.advance(1s);
  EXPECT_TRUE(f.health.report().up());
  EXPECT_EQ(f.log.text(),
            "ERROR store: The store cannot be signed with { error: 'connection refused' }\n"
            "INFO store: The store is back\n");
  f.health.stop();
}

TEST(StoreHealth, calls_a_store_that_does_not_answer_down) {
  Fixture f;
  f.store.answer = good_state();
  f.health.start();
  f.store.delay = 1h;
  f.clock.advance(1s);
  f.clock.advance(5s);
  EXPECT_TRUE(f.health.report().up());
  f.clock.advance(1ns);
  EXPECT_FALSE(f.health.report().up());
  EXPECT_EQ(f.health.report().problem, "the store has not answered for 5000 ms");
  f.health.stop();
  f.clock.advance(2h);
}

TEST(StoreHealth, does_not_ask_after_it_was_stopped) {
  Fixture f;
  f.health.start();
  f.health.stop();
  f.clock.advance(1h);
  EXPECT_EQ(f.store.checks, 1);
}

TEST(StoreHealth, shows_the_use_of_the_pool) {
  Fixture f;
  f.store.use = {.connections = 3,
                 .connections_max = 10,
                 .in_use = 2,
                 .waiting = 7,
                 .reconnects = 1,
                 .batches = 20,
                 .batched_operations = 300};
  (void)f.metrics.exposition();
  EXPECT_EQ(f.metrics.gauge(metric::kStoreConnections).value(), 3);
  EXPECT_EQ(f.metrics.gauge(metric::kStoreConnectionsMax).value(), 10);
  EXPECT_EQ(f.metrics.gauge(metric::kStoreConnectionsInUse).value(), 2);
  EXPECT_EQ(f.metrics.gauge(metric::kStoreWaiting).value(), 7);
  EXPECT_EQ(f.metrics.counter(metric::kStoreReconnects).value(), 1u);
  EXPECT_EQ(f.metrics.counter(metric::kStoreBatches).value(), 20u);
  EXPECT_EQ(f.metrics.counter(metric::kStoreBatchedOperations).value(), 300u);
}

}  // namespace
}  // namespace holdfast
