// One simulated signer: the real sign path, judge, own memory and key ring; its own view of time,
// which stops while it is paused and ends when it crashes; its link to the shared database; and a
// disk that is there again when it is started anew.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "keys/key_ring.h"
#include "signer/release_memory.h"
#include "signer/sign_path.h"
#include "sim/process_clock.h"
#include "sim/sim_context.h"
#include "sim/sim_disk.h"
#include "sim/sim_link.h"
#include "support/own_memory.h"

namespace holdfast::sim {

/** How often a node gives its sign of life. */
inline constexpr std::chrono::milliseconds kBeatInterval{3000};

class SimNode {
 public:
  /** `disk` outlives it, and is no other running node's. */
  SimNode(SimContext& context, std::string id, SimDisk& disk, Address validator,
          Address second_validator);

  /** The process ends here and now; its disk stays. */
  void crash();

  /** Asks for a signature; what leaves the node is told to the checker. A dead node hears nothing.
   */
  void ask(const Duty& duty, std::chrono::seconds within);
  /** Asks on behalf of a stock node that holds the row. */
  void ask_gated(const Duty& duty, std::chrono::seconds within);

  ProcessClock& process() noexcept { return process_; }
  const std::string& id() const noexcept { return id_; }
  const ReleaseMemory& memory() const noexcept { return memory_; }
  std::size_t unanswered() const noexcept { return unanswered_; }
  void forget_answers() { answers_.clear(); }
  /** The last answer to each duty, for the demand of liveness. */
  const std::map<DutyKey, SignOutcome>& answers() const noexcept { return answers_; }

 private:
  void take(const Duty& duty, MonotonicTime asked_at, SignOutcome outcome);
  /** Gives its sign of life and looks at the database, now and then and for ever. */
  void live();
  Task<void> beat();
  std::unique_ptr<SignPath> path_with(ReleaseMemory& memory);
  SignPath& path_for(const Duty& duty);

  SimContext& context_;
  std::string id_;
  ProcessClock process_;
  SimJournal journal_;
  std::unique_ptr<ReleaseMemoryObserver> memory_observer_;
  ReleaseMemory memory_;
  SimLink link_;
  KeyRing keys_;
  std::unique_ptr<RandomSource> random_;
  SignObserver observer_;
  // Only for the mutations that need them.
  std::unique_ptr<ReleaseMemory> blind_memory_;
  std::unique_ptr<test::OwnMemory> believing_memory_;
  std::unique_ptr<SignPath> believing_path_;
  std::unique_ptr<SignPath> path_;
  std::size_t unanswered_ = 0;
  std::map<DutyKey, SignOutcome> answers_;
};

}  // namespace holdfast::sim
