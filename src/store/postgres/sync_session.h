// SyncSession: one connection to PostgreSQL on which a command sends one statement after the other
// and looks for an error once, at the end: statements after the first failure are not sent.
//
// Errors never hold the URL's password. Ends its connection, and with it whatever transaction and
// lock it had, with this object.
//
// Thread rule: synchronous; from a command, never from the I/O thread of a signer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/postgres/pg_values.h"
#include "store/postgres/postgres_url.h"

struct pg_conn;

namespace holdfast {

class SyncSession {
 public:
  /** Connects, for at most 10 s; whether it did is what ok() says. */
  explicit SyncSession(const PostgresUrl& url);

  bool ok() const noexcept { return !error_.has_value(); }
  /** The first failure. Must not be ok (CHECK). */
  Error error() const;
  /** Makes this the first failure, unless there is one. */
  void refuse(ErrorKind kind, std::string message);

  /** Sends statements, separated by semicolons; the rows of the last. No rows after a failure. */
  PgRows run(std::string_view sql);
  /** Sends one statement with parameters. */
  PgRows run(std::string_view sql, const PgParams& params);
  /** The first cell; "" when there is none. */
  std::string value(std::string_view sql);
  /** The first cell; 0 when there is none. */
  std::int64_t number(std::string_view sql);
  /** `name` is a plain identifier, with or without its schema. */
  bool has_table(std::string_view name);

  /** Waits for every other migration, Aztec's too, which take the same lock; timeout when one is
      still running after `limit`. The lock goes when the session ends. */
  void take_migration_lock(std::chrono::milliseconds limit);

 private:
  struct Closer {
    void operator()(pg_conn* connection) const noexcept;
  };

  PgRows keep(pg_result* result);

  PostgresUrl url_;
  std::unique_ptr<pg_conn, Closer> connection_;
  std::optional<Error> error_;
};

}  // namespace holdfast
