// DutyStore: the locks and the history of duties. Every store (memory, sqlite, postgres) is one
// implementation of the protected do_ functions; the public functions are the same for all of
// them and own what must not differ: the proofs (HeldLock, SignedRecord) and the resolution of
// commits in doubt.
//
// Invariants: S1 (record is durable BEFORE a SignedRecord exists), S2, S3, S5 (an answer that was
// lost is read back; what stays unknown is an error and never a yes).
//
// Thread rule: called and answered on one thread, the I/O thread. Any number of calls may be in
// flight; each answers exactly once. The store outlives them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "duty/duty.h"
#include "duty/lock_token.h"
#include "os/clock.h"
#include "protection/judge.h"
#include "store/held_lock.h"
#include "store/history.h"
#include "store/sealed_signature.h"

namespace holdfast {

/** A row of validator_duties, for lists and for reading back. Times are milliseconds since 1970
    in UTC, by the database's clock. The lock token is never in it. */
struct DutyRow {
  Duty duty;
  DutyStatus status = DutyStatus::unknown;
  std::string node_id;
  std::optional<Signature> signature;
  LockHolder holder = LockHolder::other_implementation;
  std::int64_t started_at_ms = 0;
  std::optional<std::int64_t> completed_at_ms;
  /** Why a pinned lock is pinned; empty otherwise. */
  std::string error_message;
};

/** The key is taken: by a row, or by the ledger of what was signed and then deleted. */
struct Taken {
  ExistingDuty existing;
  /** Whose row it is: what a gated request learns from it. */
  DutyKey key;
};
/** The slot lies at or below the watermark under which history was pruned (S3). */
struct BelowWatermark {
  Slot watermark;
};
/** Our lock is not there any more; the signature was dropped. */
struct LockLost {
  /** An answer to this record was lost before. It may have been committed all the same, and the row
      have gone since. */
  bool was_in_doubt = false;
};

using ClaimAnswer = std::variant<HeldLock, Taken, BelowWatermark>;
using RecordAnswer = std::variant<SignedRecord, LockLost>;
/** Gated mode: the row that a stock node inserted, or what stands in its way. `monostate` when no
    row is being signed with that hash. */
using GatedAnswer = std::variant<std::monostate, HeldLock, Taken, BelowWatermark>;

/** Which rows `list` gives; absent means any. Newest started first. */
struct DutyFilter {
  std::optional<RollupAddress> rollup_address;
  std::optional<Address> validator_address;
  std::optional<Slot> slot;
  std::optional<DutyType> duty_type;
  std::optional<std::string> node_id;
  std::optional<DutyStatus> status;
  /** Started within this long before now. */
  std::optional<std::chrono::seconds> newer_than;
  std::size_t limit = 10;
};

/** One row of the guide's distribution query. */
struct DutyCount {
  DutyType duty_type = DutyType::unknown;
  std::string node_id;
  std::int64_t duty_count = 0;
  std::int64_t signed_count = 0;
};

/** Prunes duties below this slot. */
struct BeforeSlot {
  Slot slot;
};
/** Prunes duties that were signed at least this long ago by the database's clock. A duty that is
    not signed counts from the start of its lock; so the age must be longer than anybody can be at
    work on one duty. */
struct OlderThan {
  std::chrono::milliseconds age{0};
};
enum class PruneMode : std::uint8_t {
  /** Changes nothing and says what `apply` would do now. */
  dry_run = 0,
  apply,
};

struct PruneRequest {
  RollupAddress rollup_address;
  std::variant<BeforeSlot, OlderThan> what;
  /** Absent: all validators of the rollup. */
  std::optional<Address> validator_address;
  /** Absent: all duty types. */
  std::optional<DutyType> duty_type;
  PruneMode mode = PruneMode::dry_run;
};

/** What was pruned, or would be, of one validator's duties of one type. */
struct PrunedDuties {
  Address validator_address;
  DutyType duty_type = DutyType::unknown;
  std::optional<Slot> watermark_before;
  std::optional<Slot> watermark_after;
  std::int64_t rows_deleted = 0;
  std::int64_t ledger_entries_deleted = 0;
};

/** What a store says about itself; `check` gives it only when signing is possible. */
struct StoreState {
  /** "sqlite", "postgres", "memory". */
  std::string backend;
  /** Where, without any password: a path, or host:port/database. */
  std::string place;
  /** Aztec's schema_version: 1 or 2. */
  int schema_version = 0;
  /** Our own migrations' version. */
  int holdfast_schema_version = 0;
  std::string server_version;
  /** The database itself keeps other programs from forgetting what was signed. False only where
      the operator chose so. */
  bool hardened = true;
};

/** Numbers for /metrics; zero where a store has no such thing. */
struct StorePoolUse {
  std::size_t connections = 0;
  std::size_t connections_max = 0;
  std::size_t in_use = 0;
  std::size_t waiting = 0;
  std::uint64_t reconnects = 0;
  std::uint64_t batches = 0;
  std::uint64_t batched_operations = 0;
};

class DutyStore {
 public:
  virtual ~DutyStore() = default;
  DutyStore(const DutyStore&) = delete;
  DutyStore& operator=(const DutyStore&) = delete;

  /** Takes the lock of the duty for `node_id`, or says who has it. `token` must be fresh from
      LockToken::from_random. Durable when it answers HeldLock. On an error nothing is held that
      would not be taken over by itself. */
  Task<Result<ClaimAnswer>> claim(Duty duty, std::string node_id, LockToken token);

  /** Takes over a Holdfast lock that is at least `min_age` old by the database's clock, or is
      pinned and idle with our hash; a pinned lock stays pinned to its hash. A Taken answer is the
      row as it is now; when the row is gone, claims it. */
  Task<Result<ClaimAnswer>> take_over(Duty duty, std::string node_id, LockToken token,
                                      std::chrono::milliseconds min_age);

  /** Commits the signature under the lock. SignedRecord: it is durable, release it. LockLost: it
      must be dropped. An error, in_doubt among them: it must be dropped too. For a gated lock the
      signature is written into the stock node's row, whose status stays 'signing'. */
  Task<Result<RecordAnswer>> record(HeldLock lock, const SealedSignature& signature);

  /** Gives the lock back after a local failure: the row goes if it is still ours and not pinned.
      Does nothing for a gated lock, whose row belongs to the stock node. */
  Task<Result<void>> release(HeldLock lock);

  /** Leaves the lock pinned to its hash, because a remote signer may have signed. `reason` is for
      the operator (error_message). For a gated lock it does nothing. */
  Task<Result<void>> pin(HeldLock lock, std::string reason);

  /** Gated mode: the row in status 'signing' with this validator and hash. More than one such row
      (the same hash for two duties) is answered with the newest. */
  Task<Result<GatedAnswer>> find_gated(RollupAddress rollup, Address validator,
                                       MessageHash message_hash);

  /** The row of the key, or of the ledger where the row was deleted. nullopt: never claimed. */
  virtual Task<Result<std::optional<DutyRow>>> read(DutyKey key) = 0;

  virtual Task<Result<std::vector<DutyRow>>> list(DutyFilter filter) = 0;
  virtual Task<Result<std::vector<DutyCount>>> count_by_node(std::chrono::seconds newer_than) = 0;

  /** Whether this node has signed: a row of it, or an entry of the ledger, is signed or bears a
      signature. A lock does not count, a pinned one neither: nothing was released under it.

      Pruned duties do not count any more. Where all of a node's duties were pruned, false is right:
      whatever it might contradict lies at or below a watermark and is refused by that.

      Gated mode: a row's node id is the stock node's. Signatures that a gated signer wrote are
      found under that id, and not under its own, unless both have the same; then what the stock
      node signed by other means counts as its own, too. */
  virtual Task<Result<bool>> has_signed(std::string node_id) = 0;

  /** Deletes unsigned, unpinned 'signing' rows of this node that are older than `min_age`; gives
      how many. Never touches a row that bears a signature (S3). */
  virtual Task<Result<std::int64_t>> delete_stuck(std::string node_id,
                                                  std::chrono::milliseconds min_age) = 0;

  /** Forgets old duties of one rollup (S3). For each validator and duty type the watermark rises to
      the highest slot that is pruned, so that it refuses that slot and all below it for ever, and
      the rows and ledger entries at or below it are deleted in the same transaction. By age the
      watermark stays below the lowest slot that has a duty which is too young.

      Many rows take several transactions, each of which is complete in itself; after an error some
      of them may be done, and the same request may be made again. Signing goes on meanwhile: a
      claim or record is before a transaction, which then sees its row, or is refused by the
      watermark, or is the one content that was ever signed for its slot. Gives only validators and
      types of which something is pruned, sorted. */
  Task<Result<std::vector<PrunedDuties>>> prune(PruneRequest request);

  /** The watermarks, and how many locks are being signed: the beginning of an export. */
  virtual Task<Result<HistoryMarks>> read_history_marks(HistoryFilter filter) = 0;

  /** The duties that are evidence, of rows and ledger together, from after `after` (absent: the
      first). Looks at no more than `limit` of them, at least kHistoryPageMin (CHECK). What is
      signed meanwhile may be missed where the pages have passed already. */
  Task<Result<HistoryPage>> read_history(HistoryFilter filter, std::optional<DutyKey> after,
                                         std::size_t limit);
  static constexpr std::size_t kHistoryPageMin = 16;

  /** Unites a history with the store's own (S3): watermarks rise to the higher of the two, and
      duties that are new become entries of the ledger, so that from then on another message of them
      is refused, to stock nodes too, and a lock that is being signed cannot record one. What the
      store knows already is never replaced.

      Many duties take several transactions, each complete in itself; after an error, in_doubt among
      them, some of them may be done, and the same batch may be imported again: nothing is done
      twice. Watermarks come first, for they refuse most with least. */
  Task<Result<MergedHistory>> import_history(HistoryBatch batch, ImportMode mode);

  /** Asks the store whether it can be signed with: reachable, the right schema, writable. */
  virtual Task<Result<StoreState>> check() = 0;

  virtual StorePoolUse pool_use() const { return {}; }

  /** Ends all connections. Calls in flight answer unavailable or in_doubt. Idempotent. */
  virtual Task<void> close() = 0;

 protected:
  /** `clock` paces the reading back of commits in doubt; it outlives the store. */
  explicit DutyStore(Clock& clock) : clock_(clock) {}

  // What a store writes about one duty. The token is the text in the row.
  struct LockRequest {
    Duty duty;
    std::string node_id;
    LockToken token;
    /** Absent: only claim. Present: take over a lock of at least this age. */
    std::optional<std::chrono::milliseconds> take_over_age;
  };
  struct RecordRequest {
    Duty duty;
    std::string token;
    bool gated = false;
    Signature signature;
  };
  struct ReleaseRequest {
    Duty duty;
    std::string token;
    /** Absent: delete the row. Present: pin it, with this as error_message. */
    std::optional<std::string> pin_reason;
  };
  /** The store answered: the lock is ours under this token text (a take-over of a pinned lock
      changes it). */
  struct Locked {
    std::string token;
  };
  struct GatedRow {
    Duty duty;
    std::string token;
  };
  enum class Recorded : std::uint8_t { lock_lost = 0, yes };
  using LockReply = std::variant<Locked, Taken, BelowWatermark>;
  using GatedReply = std::variant<std::monostate, GatedRow, Taken, BelowWatermark>;

  // Each does its work in one durable transaction and answers in_doubt when the answer to a
  // commit was lost; every other error promises that nothing was changed.
  virtual Task<Result<LockReply>> do_lock(LockRequest request) = 0;
  virtual Task<Result<Recorded>> do_record(RecordRequest request) = 0;
  virtual Task<Result<void>> do_release(ReleaseRequest request) = 0;
  virtual Task<Result<GatedReply>> do_find_gated(RollupAddress rollup, Address validator,
                                                 MessageHash message_hash) = 0;

  /** About how many rows and ledger entries one transaction of `apply` deletes at most, so that it
      never holds up signing for long. */
  static constexpr std::int64_t kPruneBatch = 2000;
  /** One transaction of a prune (a dry run: all of it). Nothing is left to prune when it changes
      nothing. */
  virtual Task<Result<std::vector<PrunedDuties>>> do_prune(PruneRequest request) = 0;

  /** At most `limit` rows and ledger entries that are evidence and lie above the watermark, sorted
      by history_order, then by hash. */
  virtual Task<Result<std::vector<DutyRow>>> do_read_history(HistoryFilter filter,
                                                             std::optional<DutyKey> after,
                                                             std::size_t limit) = 0;

  /** About how many duties or watermarks one transaction of an import writes at most. */
  static constexpr std::size_t kImportBatch = 500;
  /** One transaction of an import: marks alone, or duties alone, no two of one key, sorted. */
  virtual Task<Result<MergedHistory>> do_import_history(HistoryBatch batch, ImportMode mode) = 0;

  /** What a row says about a token: the reading back of S5. */
  enum class TokenState : std::uint8_t {
    /** The row is not there, or under another token. */
    not_ours = 0,
    /** status 'signing' under this token, no signature. */
    locked,
    /** Bears this very signature under this token (or the ledger does). */
    signed_,
  };
  struct TokenQuestion {
    Duty duty;
    std::string token;
    std::optional<Signature> signature;
  };
  virtual Task<Result<TokenState>> do_read_token(TokenQuestion question) = 0;

 private:
  Task<Result<ClaimAnswer>> lock(LockRequest request);
  Task<Result<TokenState>> resolve(TokenQuestion question);

  Clock& clock_;
};

}  // namespace holdfast
