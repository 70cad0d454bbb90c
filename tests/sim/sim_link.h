// A simulated node's connection to the shared database. Calls take time on the way there and back;
// a request, an answer, or the order of both may be lost; and it breaks when the database fails
// over, is noticed to be broken some time later, and is made anew, whereupon the node's own memory
// looks at what it leads to before anything passes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "signer/release_memory.h"
#include "sim/process_clock.h"
#include "sim/sim_context.h"
#include "store/duty_store.h"

namespace holdfast::sim {

class SimLink final : public DutyStore {
 public:
  /** All references outlive it and every call in flight. */
  SimLink(SimContext& context, ProcessClock& process, std::string node, ReleaseMemory& memory);

  /** The node's sign of life; gives its new beat. */
  Task<Result<std::int64_t>> beat();

  Task<Result<std::optional<DutyRow>>> read(DutyKey key) override;
  Task<Result<std::vector<DutyRow>>> list(DutyFilter filter) override;
  Task<Result<std::vector<DutyCount>>> count_by_node(std::chrono::seconds newer_than) override;
  Task<Result<bool>> has_signed(std::string node_id) override;
  Task<Result<HistoryMarks>> read_history_marks(HistoryFilter filter) override;
  Task<Result<std::int64_t>> delete_stuck(std::string node_id,
                                          std::chrono::milliseconds min_age) override;
  /** Looks at the database on the connection that there is. */
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
      caller was told that the answer is lost, and only while the connection lives. */
  template <class T>
  Task<Result<T>> carry(std::function<Task<Result<T>>()> work);
  Task<void> travel();
  Task<Result<void>> release_at_store(ReleaseRequest request, std::shared_ptr<bool> was_ours);
  Task<Result<std::int64_t>> beat_at_store(std::int64_t own_beat);
  /** Every connection that the checker hears of leads to the right database. */
  void enter_store();

  void on_broken();
  Task<void> connect();
  /** Tells the node's memory what was found. */
  Result<void> meet(const DatabaseQuestion& asked, DatabaseFacts found);

  SimContext& context_;
  ProcessClock& process_;
  std::string node_;
  ReleaseMemory& memory_;
  /** The server of the connection; nullopt: none may be used. */
  std::optional<std::uint64_t> connected_to_;
  bool connecting_ = false;
  std::optional<Error> refused_;
};

}  // namespace holdfast::sim
