// MemoryStore: the executable specification of the other stores, for tests and the simulation. It
// has the same rows, ledger, watermarks and pins in plain maps, and forgets all of it when the
// process ends, so no daemon is ever given one.
//
// Thread rule: one thread. Every call answers at once.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/duty_store.h"
#include "store/stored_row.h"

namespace holdfast {

/** What goes wrong with the next operation that writes. */
enum class MemoryFault : std::uint8_t {
  none = 0,
  /** Answers unavailable; nothing is changed. */
  refused,
  /** Answers in_doubt; nothing is changed. */
  in_doubt_not_done,
  /** Answers in_doubt; it is done all the same. */
  in_doubt_done,
};

class MemoryStore final : public DutyStore {
 public:
  using WatermarkKey = std::tuple<RollupAddress, Address, DutyType>;

  /** All that it remembers. */
  struct State {
    std::map<DutyKey, StoredRow> rows;
    /** What was signed and then deleted. */
    std::multimap<DutyKey, StoredRow> ledger;
    std::map<WatermarkKey, Slot> watermarks;
  };

  /** `clock` is the database's clock too; row times count from its zero. */
  explicit MemoryStore(Clock& clock);

  Task<Result<std::optional<DutyRow>>> read(DutyKey key) override;
  Task<Result<std::vector<DutyRow>>> list(DutyFilter filter) override;
  Task<Result<std::vector<DutyCount>>> count_by_node(std::chrono::seconds newer_than) override;
  Task<Result<bool>> has_signed(std::string node_id) override;
  Task<Result<std::int64_t>> delete_stuck(std::string node_id,
                                          std::chrono::milliseconds min_age) override;
  Task<Result<HistoryMarks>> read_history_marks(HistoryFilter filter) override;
  Task<Result<StoreState>> check() override;
  Task<void> close() override;

  // What other programs do to the database, for tests.

  /** A stock Aztec node's INSERT. False when the row exists, or when ledger or watermark refuse
      it. */
  bool insert_stock_row(const Duty& duty, const std::string& node_id, const std::string& token);
  /** Anyone's DELETE: evidence above the watermark goes to the ledger. */
  void delete_row(const DutyKey& key);
  /** Never lowers it. */
  void raise_watermark(const RollupAddress& rollup, const Address& validator, DutyType type,
                       Slot slot);
  /** Makes the row look this much older. */
  void age_row(const DutyKey& key, std::chrono::milliseconds age);
  /** The next `times` writing operations fail like this. */
  void inject(MemoryFault fault, int times = 1);

  const State& state() const noexcept { return state_; }
  /** A backup is put in its place, or a standby that had come this far. */
  void restore(State state) { state_ = std::move(state); }

  /** A DELETE in a database without our triggers: nothing is remembered. What the hardening is
      for, so that tests can show what happens without it. */
  void forget_row(const DutyKey& key);

  // Public here, so that a test's link between a node and this store can lose or delay what passes
  // through it.
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
  LockReply lock_now(const LockRequest& request);
  Recorded record_now(const RecordRequest& request);
  void release_now(const ReleaseRequest& request);
  GatedReply find_gated_now(const RollupAddress& rollup, const Address& validator,
                            const MessageHash& message_hash) const;

  std::vector<PrunedDuties> prune_now(const PruneRequest& request);
  std::optional<PrunedDuties> prune_key(const WatermarkKey& key, const PruneRequest& request);

  MergedHistory import_now(const HistoryBatch& batch, ImportMode mode);

  std::int64_t now_ms() const;
  LockFacts facts_of(const DutyKey& key) const;
  /** The row if `token` is its token and it is still unsigned; otherwise null. */
  StoredRow* locked_row(const Duty& duty, const std::string& token);
  std::optional<Error> closed() const;
  MemoryFault next_fault();
  static Error refused();
  static Error lost_answer();

  Clock& clock_;
  State state_;
  MemoryFault fault_ = MemoryFault::none;
  int faults_left_ = 0;
  bool closed_ = false;
};

}  // namespace holdfast
