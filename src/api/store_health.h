// StoreHealth: asks the store now and then whether it can be signed with, so that /readyz,
// /status and /metrics answer at once and never wait for a database.
//
// It only tells; the sign path never looks at it (S5 rests on the store's own answers).
// Thread rule: the I/O thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "os/clock.h"
#include "store/duty_store.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace holdfast {

struct StoreHealthSettings {
  /** From the answer to one check to the next check. */
  std::chrono::milliseconds interval{1000};
  /** A check that takes longer counts as a failed one until it answers. */
  std::chrono::milliseconds patience{5000};
};

/** What is known about the store. */
struct StoreReport {
  /** Empty when signing is possible; otherwise why not. */
  std::string problem;
  /** The last state that the store told, also when it is down since. */
  std::optional<StoreState> state;
  /** Since the last answer; absent before the first. */
  std::optional<std::chrono::nanoseconds> age;

  bool up() const noexcept { return problem.empty(); }
};

class StoreHealth {
 public:
  /** All references outlive this object and a check in flight. Registers the store's metrics, so
      `metrics` is not exposed after the store is gone. */
  StoreHealth(DutyStore& store, Clock& clock, Metrics& metrics, const Logger& logger,
              StoreHealthSettings settings);
  StoreHealth(const StoreHealth&) = delete;
  StoreHealth& operator=(const StoreHealth&) = delete;
  ~StoreHealth();

  /** The first check begins now. Called once (CHECK). */
  void start();
  /** No check begins after this. Idempotent; the destructor does it, too. */
  void stop();

  StoreReport report() const;

 private:
  struct State;
  static void check(const std::shared_ptr<State>& state);
  static void keep(State& state, Result<StoreState> answer);
  std::shared_ptr<State> state_;
};

}  // namespace holdfast
