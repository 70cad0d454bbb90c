// CleanUp: deletes this node's own stuck locks, which a crash between claim and record leaves
// behind: rows in status 'signing' that bear no signature and are older than
// VALIDATOR_HA_MAX_STUCK_DUTIES_AGE_MS. Once at the start, then every such age. Never touches what
// bears a signature (S3): the store's delete_stuck promises that.
//
// With VALIDATOR_HA_OLD_DUTIES_MAX_AGE_H it also prunes the duties of this node's rollup that were
// signed longer ago than that, behind a watermark that refuses them for ever (S3): once at the
// start, then every hour. Several nodes may do so at once; what one has pruned, another finds gone.
//
// A run that fails is logged and counted, and the next one comes when it is due.
// Thread rule: the I/O thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "os/clock.h"
#include "store/duty_store.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace holdfast {

struct CleanUpSettings {
  std::string node_id;
  /** At least 1 ms. */
  std::chrono::milliseconds max_stuck_duties_age{144000};

  /** Present: duties of this rollup that are at least so old are pruned. */
  struct Pruning {
    RollupAddress rollup_address;
    /** At least an hour, for a duty that is not signed must not be at work any more. */
    std::chrono::hours max_age{0};
  };
  std::optional<Pruning> pruning;
};

class CleanUp {
 public:
  /** All references outlive this object and every run of it that is in flight. */
  CleanUp(DutyStore& store, Clock& clock, Metrics& metrics, const Logger& logger,
          CleanUpSettings settings);
  CleanUp(const CleanUp&) = delete;
  CleanUp& operator=(const CleanUp&) = delete;
  ~CleanUp();

  /** The first run begins now. Called once (CHECK). */
  void start();

  /** No run begins after this. Idempotent; the destructor does it, too. */
  void stop();

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state);
  static void prune(const std::shared_ptr<State>& state);
  static void tell_pruned(const State& state, const Result<std::vector<PrunedDuties>>& pruned);
  std::shared_ptr<State> state_;
};

}  // namespace holdfast
