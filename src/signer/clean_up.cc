#include "signer/clean_up.h"

#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

constexpr std::string_view kModule = "slashing-protection";
constexpr std::chrono::hours kPrunePeriod{1};

}  // namespace

/** Shared with the timer and the run in flight, so that either may outlive the CleanUp. */
struct CleanUp::State {
  DutyStore& store;
  Clock& clock;
  const Logger& logger;
  Counter& done;
  Counter& failed;
  Counter& deleted;
  Counter& prunes_done;
  Counter& prunes_failed;
  Counter& pruned;
  CleanUpSettings settings;
  bool started = false;
  bool stopped = false;
};

CleanUp::CleanUp(DutyStore& store, Clock& clock, Metrics& metrics, const Logger& logger,
                 CleanUpSettings settings)
    : state_(std::make_shared<State>(State{
          .store = store,
          .clock = clock,
          .logger = logger,
          .done = metrics.counter(metric::kCleanUps, {"done"}),
          .failed = metrics.counter(metric::kCleanUps, {"failed"}),
          .deleted = metrics.counter(metric::kStuckDutiesDeleted),
          .prunes_done = metrics.counter(metric::kPrunes, {"done"}),
          .prunes_failed = metrics.counter(metric::kPrunes, {"failed"}),
          .pruned = metrics.counter(metric::kDutiesPruned),
          .settings = std::move(settings),
      })) {
  CHECK(state_->settings.max_stuck_duties_age.count() >= 1);
  if (state_->settings.pruning) CHECK(state_->settings.pruning->max_age >= std::chrono::hours(1));
}

CleanUp::~CleanUp() {
  stop();
}

void CleanUp::start() {
  CHECK(!state_->started);
  state_->started = true;
  run(state_);
  if (state_->settings.pruning) prune(state_);
}

void CleanUp::stop() {
  state_->stopped = true;
}

void CleanUp::run(const std::shared_ptr<State>& state) {
  if (state->stopped) return;
  const auto finish = [state](Result<std::int64_t> deleted) {
    if (!deleted) {
      state->failed.add();
      state->logger.log(LogLevel::warn, kModule,
                        "Cleaning up stuck duties failed; trying again later",
                        {{"nodeId", state->settings.node_id},
                         {"kind", name_of(deleted.error().kind)},
                         {"error", deleted.error().message}});
    } else {
      state->done.add();
      state->deleted.add(static_cast<std::uint64_t>(*deleted));
      if (*deleted > 0) {
        state->logger.log(LogLevel::verbose, kModule,
                          fmt::format("Cleaned up {} stuck duties", *deleted),
                          {{"nodeId", state->settings.node_id}});
      }
    }
    if (state->stopped) return;
    state->clock.after(state->settings.max_stuck_duties_age, [state] { run(state); });
  };
  holdfast::start(
      state->store.delete_stuck(state->settings.node_id, state->settings.max_stuck_duties_age),
      finish);
}

void CleanUp::prune(const std::shared_ptr<State>& state) {
  if (state->stopped) return;
  const auto finish = [state](const Result<std::vector<PrunedDuties>>& pruned) {
    tell_pruned(*state, pruned);
    if (state->stopped) return;
    state->clock.after(kPrunePeriod, [state] { prune(state); });
  };
  PruneRequest request;
  request.rollup_address = state->settings.pruning->rollup_address;
  request.what = OlderThan{state->settings.pruning->max_age};
  request.mode = PruneMode::apply;
  holdfast::start(state->store.prune(std::move(request)), finish);
}

void CleanUp::tell_pruned(const State& state, const Result<std::vector<PrunedDuties>>& pruned) {
  if (!pruned) {
    state.prunes_failed.add();
    state.logger.log(LogLevel::warn, kModule, "Pruning old duties failed; trying again in an hour",
                     {{"nodeId", state.settings.node_id},
                      {"kind", name_of(pruned.error().kind)},
                      {"error", pruned.error().message}});
    return;
  }
  state.prunes_done.add();
  std::int64_t deleted = 0;
  for (const PrunedDuties& each : *pruned) deleted += each.rows_deleted;
  state.pruned.add(static_cast<std::uint64_t>(deleted));
  if (pruned->empty()) return;
  state.logger.log(LogLevel::info, kModule, fmt::format("Pruned {} old duties", deleted),
                   {{"nodeId", state.settings.node_id}});
}

}  // namespace holdfast
