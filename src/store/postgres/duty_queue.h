// DutyQueue: what waits to be sent to PostgreSQL, and how it is put together when a connection is
// free. Load makes the batches: all waiting claims travel as one multi-row statement, all waiting
// records as another, and whatever arrives meanwhile waits for the next free connection. One
// request alone is sent at once, as a single-row statement.
//
// WHY NOTHING DEADLOCKS. Each statement is its own transaction, so nothing is held from one to
// the next, and:
//   - claims only insert (ON CONFLICT DO NOTHING). A batch inserts in the order of the primary
//     key, so two batches of two nodes wait for each other's keys in one direction only. For rows
//     that exist it waits at most for the end of the transaction that is changing them.
//   - records change only rows that bear their own lock token. Tokens are unguessable and used
//     once, so two batches of records, of any two nodes or connections, never touch the same row,
//     and no record waits for a claim: the row of its token was committed before.
//   - everything else that changes rows changes one row per transaction, or skips rows that are
//     locked (delete_stuck, prune). What holds nothing while it waits closes no circle.
// A stock node's own multi-row deletes could meet a batch of records in another order, if it is
// configured against the same rows; PostgreSQL then ends one of the two with an error, and ours
// is sent again row by row.
//
// A batch that the server refuses is sent again row by row, so that one bad duty cannot fail its
// neighbours: an ERROR is certain to have changed nothing.
//
// Thread rule: the I/O thread. Callbacks come from give_up, refuse_all and the replies.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "duty/duty.h"
#include "store/postgres/pg_connection.h"
#include "store/stored_row.h"

namespace holdfast {

/** What came of one claim: committed under its token, or the facts that stand in its way. */
struct PgClaimReply {
  PgReply::Outcome outcome = PgReply::Outcome::lost;
  /** done: true when the lock is ours. */
  bool won = false;
  /** done and not won. */
  std::optional<Result<LockFacts>> facts;
  /** Not done. */
  Error error;
};

struct PgClaim {
  Duty duty;
  std::string node_id;
  std::string token;
  std::function<void(PgClaimReply)> done;
};

/** What came of one record. */
struct PgRecordReply {
  PgReply::Outcome outcome = PgReply::Outcome::lost;
  /** done: true when the signature is durable. */
  bool recorded = false;
  Error error;
};

struct PgRecord {
  Duty duty;
  std::string token;
  std::string signature;
  std::function<void(PgRecordReply)> done;
};

class DutyQueue {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /** The most rows in one statement. */
  static constexpr std::size_t kBatchMax = 64;
  /** More than this may not wait; the next is answered `unsent`, overloaded. */
  static constexpr std::size_t kWaitingMax = 20000;

  /** `changed` is called after each addition. */
  explicit DutyQueue(std::function<void()> changed) : changed_(std::move(changed)) {}

  void add(PgClaim claim);
  void add(PgRecord record);
  /** Single statements, sent together in this order. */
  void add(std::vector<PgCall> calls);
  /** A statement that may take long: sent alone, on a connection that nothing else waits for. */
  void add_slow(PgCall call);

  /** Everything but the slow ones. */
  std::size_t waiting() const noexcept {
    return claims_.size() + records_.size() + calls_.size() + alone_claims_.size() +
           alone_records_.size();
  }
  std::size_t waiting_slow() const noexcept { return slow_.size(); }

  /** The next pipeline for a connection that is free; empty when nothing waits. */
  std::vector<PgCall> take();
  std::vector<PgCall> take_slow();

  /** Answers `unsent` to all that wait since before `since`. */
  void give_up(Time since, const Error& why);
  /** When the oldest of all was added; nullopt when nothing waits. */
  std::optional<Time> oldest() const;

  std::uint64_t batches() const noexcept { return batches_; }
  std::uint64_t batched() const noexcept { return batched_; }

 private:
  template <class Item>
  struct Waiting {
    Item item;
    Time since;
  };
  template <class Item>
  using Line = std::deque<Waiting<Item>>;

  template <class Item>
  std::vector<Waiting<Item>> take_batch(Line<Item>& line);
  PgCall claim_many(std::vector<Waiting<PgClaim>> batch);
  PgCall claim_one(Waiting<PgClaim> claim);
  PgCall record_many(std::vector<Waiting<PgRecord>> batch);
  PgCall record_one(Waiting<PgRecord> record);
  void on_claims(std::vector<Waiting<PgClaim>>& batch, PgReply reply);
  void on_records(std::vector<Waiting<PgRecord>>& batch, PgReply reply);

  Line<PgClaim> claims_;
  Line<PgRecord> records_;
  /** Out of refused batches: each goes in a statement of its own. */
  Line<PgClaim> alone_claims_;
  Line<PgRecord> alone_records_;
  Line<std::vector<PgCall>> calls_;
  Line<PgCall> slow_;
  std::function<void()> changed_;
  std::uint64_t batches_ = 0;
  std::uint64_t batched_ = 0;
};

}  // namespace holdfast
