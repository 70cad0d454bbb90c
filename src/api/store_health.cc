#include "api/store_health.h"

#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

constexpr std::string_view kModule = "store";

}  // namespace

/** Shared with the timer, the check in flight and the metrics. */
struct StoreHealth::State {
  DutyStore& store;
  Clock& clock;
  const Logger& logger;
  StoreHealthSettings settings;
  bool started = false;
  bool stopped = false;
  std::string problem = "the store was not asked yet";
  std::optional<StoreState> last_state = {};
  std::optional<MonotonicTime> answered = {};
  std::optional<MonotonicTime> asked = {};

  StoreReport report() const {
    StoreReport report{problem, last_state, std::nullopt};
    const MonotonicTime now = clock.now();
    if (answered) report.age = now - *answered;
    if (report.up() && asked && now - *asked > settings.patience) {
      report.problem = fmt::format("the store has not answered for {} ms",
                                   std::chrono::milliseconds(settings.patience).count());
    }
    return report;
  }
};

StoreHealth::StoreHealth(DutyStore& store, Clock& clock, Metrics& metrics, const Logger& logger,
                         StoreHealthSettings settings)
    : state_(std::make_shared<State>(
          State{.store = store, .clock = clock, .logger = logger, .settings = settings})) {
  Gauge& up = metrics.gauge(metric::kStoreUp);
  Gauge& connections = metrics.gauge(metric::kStoreConnections);
  Gauge& connections_max = metrics.gauge(metric::kStoreConnectionsMax);
  Gauge& in_use = metrics.gauge(metric::kStoreConnectionsInUse);
  Gauge& waiting = metrics.gauge(metric::kStoreWaiting);
  Counter& reconnects = metrics.counter(metric::kStoreReconnects);
  Counter& batches = metrics.counter(metric::kStoreBatches);
  Counter& operations = metrics.counter(metric::kStoreBatchedOperations);
  metrics.before_exposition([state = state_, &up, &connections, &connections_max, &in_use, &waiting,
                             &reconnects, &batches, &operations] {
    const StorePoolUse use = state->store.pool_use();
    up.set(state->report().up() ? 1 : 0);
    connections.set(static_cast<double>(use.connections));
    connections_max.set(static_cast<double>(use.connections_max));
    in_use.set(static_cast<double>(use.in_use));
    waiting.set(static_cast<double>(use.waiting));
    reconnects.follow(use.reconnects);
    batches.follow(use.batches);
    operations.follow(use.batched_operations);
  });
}

StoreHealth::~StoreHealth() {
  stop();
}

void StoreHealth::start() {
  CHECK(!state_->started);
  state_->started = true;
  check(state_);
}

void StoreHealth::stop() {
  state_->stopped = true;
}

StoreReport StoreHealth::report() const {
  return state_->report();
}

void StoreHealth::check(const std::shared_ptr<State>& state) {
  if (state->stopped) return;
  state->asked = state->clock.now();
  holdfast::start(state->store.check(), [state](Result<StoreState> answer) {
    state->asked.reset();
    keep(*state, std::move(answer));
    if (state->stopped) return;
    state->clock.after(state->settings.interval, [state] { check(state); });
  });
}

void StoreHealth::keep(State& state, Result<StoreState> answer) {
  const bool was_up = state.problem.empty();
  const bool first = !state.answered;
  state.answered = state.clock.now();
  if (!answer) {
    state.problem = std::move(answer).error().message;
    if (state.problem.empty()) state.problem = "the store gives no reason";
    if (was_up || first) {
      state.logger.log(LogLevel::error, kModule, "The store cannot be signed with",
                       {{"error", state.problem}});
    }
    return;
  }
  state.problem.clear();
  state.last_state = std::move(*answer);
  if (!was_up && !first) state.logger.log(LogLevel::info, kModule, "The store is back");
}

}  // namespace holdfast
