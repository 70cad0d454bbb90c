// PgConnection: one session with the server, asynchronous, in pipeline mode. Every call that it
// carries is a transaction of its own: statement, Sync. A call is answered `done` only when the
// server has confirmed its Sync, because PostgreSQL commits there, after the rows were sent.
//
// libpq never closes a socket that the event loop still watches: what is watched is a duplicate.
//
// Thread rule: the I/O thread. Callbacks come from the event loop, never from inside a call.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/database_watch.h"
#include "store/postgres/pg_error.h"
#include "store/postgres/pg_values.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/statements.h"

namespace holdfast {

struct PgReply {
  enum class Outcome : std::uint8_t {
    /** The connection ended while the call was on its way: it may or may not have been done. */
    lost = 0,
    /** Rolled back by the server; `failure` says why. */
    refused,
    /** It was never sent; `error` says why. */
    unsent,
    /** Committed. */
    done,
  };
  Outcome outcome = Outcome::lost;
  PgRows rows;
  PgFailure failure;
  /** unsent and lost: why. */
  Error error;
};

/** One statement in its own transaction. */
struct PgCall {
  Sql sql = Sql::ping;
  /** Not empty: this text is sent instead of the prepared statement. */
  std::string text;
  PgParams params;
  std::function<void(PgReply)> done;
};

/** What a new session found out about its server. */
struct PgServerFacts {
  int schema_version = 0;
  int holdfast_version = 0;
  /** False where the operator chose `migrate-ha-db up --no-harden`. */
  bool hardened = false;
  std::string server_version;
};

class PgConnection;

/** Who is told. A connection that was closed by close() tells nobody. */
class PgConnectionOwner {
 public:
  /** Connected, checked, prepared. */
  virtual void on_ready(PgConnection& connection) = 0;
  /** All calls are answered. */
  virtual void on_idle(PgConnection& connection) = 0;
  /** It ended, or never came to be; its calls have been answered `lost`. */
  virtual void on_closed(PgConnection& connection, const Error& why) = 0;

 protected:
  ~PgConnectionOwner() = default;
};

class PgConnection {
 public:
  /** Begins to connect to the `host_index`-th host of the URL; the owner hears the outcome within
      `limit`. The owner outlives the connection, or closes it. `watch` is asked
      about the database before the connection is ready; null: nobody is. */
  PgConnection(boost::asio::io_context& io, const PostgresUrl& url, std::size_t host_index,
               const PgTimeouts& timeouts, std::chrono::milliseconds limit, DatabaseWatch* watch,
               PgConnectionOwner& owner);
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;
  ~PgConnection();

  bool ready() const noexcept;
  bool idle() const noexcept;
  std::chrono::steady_clock::time_point idle_since() const noexcept;
  const PgServerFacts& facts() const noexcept;
  /** Of PgMeeting; empty before the meeting. */
  const std::string& history() const noexcept;

  /** Sends the calls in this order in one go; ready() must hold (CHECK). */
  void send(std::vector<PgCall> calls);

  /** Ends the session from the event loop, soon: calls on their way are answered, or are `lost`,
     and the owner is told. It is not ready() any more; it must have been (CHECK). */
  void end(Error why);

  /** Ends the session; calls on their way are answered `lost`, the owner is not told. */
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast
