// PostgresStore: duties of several machines in one PostgreSQL database, the same tables that an
// Aztec node uses. Asynchronous libpq in pipeline mode; load makes its own batches (batch.h).
//
// Invariants: S1 and S2 by single statements that check lock token, hash, ledger and watermark in
// the transaction that writes; S4: no connection is used before its watch has met the database that
// it leads to, nor one to a replica or a read-only server, and a record writes nothing into tables
// that were made anew under it; S5: an answer counts only when the server has confirmed the end of
// its transaction, and whatever was sent before a connection was lost is in_doubt.
//
// Thread rule: made, called and destroyed on the I/O thread, which runs the io_context. Answers
// come from the event loop, never from inside the call. The io_context and the clock outlive the
// store; the store outlives its calls.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "store/database_watch.h"
#include "store/duty_store.h"
#include "store/node_table.h"
#include "store/postgres/postgres_url.h"

namespace boost::asio {
class io_context;
}

namespace holdfast {

struct PgCall;
struct PgReply;

/** VALIDATOR_HA_POOL_MAX and its sisters. */
struct PgPoolSettings {
  /** 1 to 1000. */
  std::size_t max = 10;
  /** Kept open while idle. One connection is always kept, 0 or not: it is how a lost database is
      noticed before a duty is due. */
  std::size_t min = 0;
  /** A connection above `min` that was idle for this long is closed. */
  std::chrono::milliseconds idle_timeout{10000};
  /** How long an operation waits for a usable connection before it answers unavailable. Zero
      means the default; there is no waiting without end. */
  std::chrono::milliseconds connection_timeout{5000};
};

/** The server's own limits, set in each session, and ours. */
struct PgTimeouts {
  std::chrono::milliseconds statement{3000};
  /** Bounds how long a row that somebody else has locked can hold up the batch that it is in. */
  std::chrono::milliseconds lock{1000};
  std::chrono::milliseconds idle_in_transaction{10000};
  /** Without a sign of progress for this long the connection is abandoned, whatever the server
      believes: a stopped or cut-off server must not hang a duty. */
  std::chrono::milliseconds answer{4000};
};

/** What becomes of the connections, for the log. Called on the I/O thread; both may be empty. */
struct PgEvents {
  /** A connection is ready for use. */
  std::function<void()> connected;
  /** A connection was lost, or an attempt to connect failed; the next attempt follows by itself. */
  std::function<void(const Error&)> lost;
};

struct PostgresSettings {
  PgPoolSettings pool;
  PgTimeouts timeouts;
  PgEvents events;
  /** Looks at the database of every new connection and at every check (S4); null: any database is
      used, as commands do that only look. Outlives the store. */
  DatabaseWatch* watch = nullptr;
};

class PostgresStore final : public DutyStore, public NodeTable {
 public:
  /** Connects when it is first asked for something. */
  PostgresStore(boost::asio::io_context& io, Clock& clock, PostgresUrl url,
                PostgresSettings settings);
  /** Call close() before; otherwise calls in flight are never answered. */
  ~PostgresStore() override;

  Task<Result<std::optional<DutyRow>>> read(DutyKey key) override;
  Task<Result<std::vector<DutyRow>>> list(DutyFilter filter) override;
  Task<Result<std::vector<DutyCount>>> count_by_node(std::chrono::seconds newer_than) override;
  Task<Result<bool>> has_signed(std::string node_id) override;
  /** Only rows of Holdfast: a stock node's lock is not ours to delete, whatever its node id. */
  Task<Result<std::int64_t>> delete_stuck(std::string node_id,
                                          std::chrono::milliseconds min_age) override;
  Task<Result<HistoryMarks>> read_history_marks(HistoryFilter filter) override;
  /** unavailable: the database is down or a replica; schema_mismatch: migrations are missing, or
      the schema is newer than this program. The message says what to do. */
  Task<Result<StoreState>> check() override;
  StorePoolUse pool_use() const override;
  Task<void> close() override;

  Task<Result<std::vector<NodeRecord>>> list_nodes() override;
  Task<Result<bool>> put_node(NodeRecord node,
                              std::optional<std::string> replaces_instance) override;
  Task<Result<std::optional<std::int64_t>>> beat_node(NodeBeat beat) override;

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
  /** permission_denied unless the role owns Holdfast's tables. */
  Task<Result<MergedHistory>> do_import_history(HistoryBatch batch, ImportMode mode) override;

 private:
  struct Impl;
  /** Sends a statement that is not prepared. */
  Task<PgReply> ask_text(PgCall call);
  /** Looks at the database again; ends the sessions that lead to another history. */
  Task<Result<void>> meet();
  /** Answers when what was read before is as durable as a commit that was acknowledged. A server
      that waits for a standby shows, once it was restarted, commits that no standby has; whoever
      releases a signature that was only read makes a commit of its own first, which waits. */
  Task<Result<void>> confirm_read();
  /** confirm_read() where a replay of `taken` to whoever asks for `wanted` needs it. Null: none. */
  Task<Result<void>> confirm_replay(const Taken* taken, MessageHash wanted);
  /** Of PgPool. */
  void end_sessions_unless(const std::string& history, const Error& why);

  DatabaseWatch* watch_;
  /** What meet() found last: commits wait for a standby. */
  bool synchronous_ = false;
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast
