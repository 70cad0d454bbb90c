// One simulated signer: the real sign path, judge and key ring; its own view of time, which stops
// while it is paused and ends when it crashes; and a link to the shared store that has weather.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "keys/key_ring.h"
#include "signer/sign_path.h"
#include "sim/sim_checker.h"
#include "sim/sim_settings.h"
#include "store/memory/memory_store.h"
#include "support/own_memory.h"
#include "support/virtual_clock.h"

namespace holdfast::sim {

/** The clock of a process: nothing wakes while it is paused, and nothing ever again once it has
    crashed, until the world is cleaned up. */
class ProcessClock final : public Clock {
 public:
  explicit ProcessClock(test::VirtualClock& world) : world_(world) {}

  MonotonicTime now() const override { return world_.now(); }
  void after(std::chrono::nanoseconds delay, std::function<void()> wake) override {
    world_.after(delay, [this, wake = std::move(wake)]() mutable { deliver(std::move(wake)); });
  }

  void pause() { paused_ = true; }
  void resume() {
    paused_ = false;
    run_held();
  }
  void crash() { crashed_ = true; }
  bool crashed() const noexcept { return crashed_; }
  bool paused() const noexcept { return paused_; }

  /** The end of the world: what a crashed process was waiting for is delivered after all, so that
      its coroutines end. Its links are dead by then. */
  void bury() {
    buried_ = true;
    run_held();
  }
  bool buried() const noexcept { return buried_; }

 private:
  void deliver(std::function<void()> wake) {
    if (!buried_ && (paused_ || crashed_)) {
      held_.push_back(std::move(wake));
    } else {
      wake();
    }
  }
  void run_held() {
    if (crashed_ && !buried_) return;
    std::vector<std::function<void()>> held = std::exchange(held_, {});
    for (const auto& wake : held) deliver(wake);
  }

  test::VirtualClock& world_;
  std::vector<std::function<void()>> held_;
  bool paused_ = false;
  bool crashed_ = false;
  bool buried_ = false;
};

/** What all nodes of a world share. */
struct SimContext {
  test::VirtualClock& clock;
  MemoryStore& store;
  Checker& checker;
  Dice& dice;
  Weather& weather;
  Mutation mutation = Mutation::none;
};

/** A node's connection to the shared store. Calls take time on the way there and back; a request,
    an answer, or the order of both may be lost. */
class SimLink final : public DutyStore {
 public:
  SimLink(SimContext& context, ProcessClock& process, std::string node)
      : DutyStore(process), context_(context), process_(process), node_(std::move(node)) {}

  Task<Result<std::optional<DutyRow>>> read(DutyKey key) override;
  Task<Result<std::vector<DutyRow>>> list(DutyFilter filter) override;
  Task<Result<std::vector<DutyCount>>> count_by_node(std::chrono::seconds newer_than) override;
  Task<Result<std::int64_t>> delete_stuck(std::string node_id,
                                          std::chrono::milliseconds min_age) override;
  Task<Result<HistoryMarks>> read_history_marks(HistoryFilter filter) override;
  Task<Result<StoreState>> check() override;
  Task<void> close() override;

 protected:
  Task<Result<LockReply>> do_lock(LockRequest request) override;
  Task<Result<Recorded>> do_record(RecordRequest request) override;
  Task<Result<void>> do_release(ReleaseRequest request) override;
  Task<Result<GatedReply>> do_find_gated(RollupAddress rollup, Address validator,
                                         MessageHash message_hash) override;
  Task<Result<TokenState>> do_read_token(TokenQuestion question) override;
  Task<Result<std::vector<PrunedDuties>>> do_prune(PruneRequest request) override;
  Task<Result<std::vector<DutyRow>>> do_read_history(HistoryFilter filter,
                                                     std::optional<DutyKey> after,
                                                     std::size_t limit) override;
  Task<Result<MergedHistory>> do_import_history(HistoryBatch batch, ImportMode mode) override;

 private:
  /** Carries one call there and back; `work` runs at the store at most once, maybe after the
      caller was told that the answer is lost. */
  template <class T>
  Task<Result<T>> carry(std::function<Task<Result<T>>()> work);
  Task<void> travel();
  Task<Result<void>> release_at_store(ReleaseRequest request, std::shared_ptr<bool> was_ours);

  SimContext& context_;
  ProcessClock& process_;
  std::string node_;
};

class SimNode {
 public:
  SimNode(SimContext& context, std::string id, Address validator, Address second_validator);

  /** Asks for a signature; what leaves the node is told to the checker. */
  void ask(const Duty& duty, std::chrono::seconds within);
  /** Asks on behalf of a stock node that holds the row. */
  void ask_gated(const Duty& duty, std::chrono::seconds within);

  ProcessClock& process() noexcept { return process_; }
  const std::string& id() const noexcept { return id_; }
  std::size_t unanswered() const noexcept { return unanswered_; }
  /** The last answer to each duty, for the demand of liveness. */
  const std::map<DutyKey, SignOutcome>& answers() const noexcept { return answers_; }

 private:
  void take(const Duty& duty, SignOutcome outcome);

  SimContext& context_;
  std::string id_;
  ProcessClock process_;
  SimLink link_;
  KeyRing keys_;
  std::unique_ptr<RandomSource> random_;
  SignObserver observer_;
  test::OwnMemory memory_;
  SignPath path_;
  std::size_t unanswered_ = 0;
  std::map<DutyKey, SignOutcome> answers_;
};

}  // namespace holdfast::sim
