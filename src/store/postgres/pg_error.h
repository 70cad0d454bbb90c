// What PostgreSQL said when it did not do what it was asked, as an Error that says what to do.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/postgres/postgres_url.h"

namespace holdfast {

/** An ErrorResponse of the server. */
struct PgFailure {
  /** Five characters, e.g. "55P03"; empty when libpq itself gave up. */
  std::string sqlstate;
  /** "ERROR": the statement was rolled back and the session lives on. Anything else ends the
      session, and what becomes of its transaction is not known. */
  std::string severity;
  std::string message;
};

/** The Error of a statement that the server refused; nothing was changed by it. */
Error error_of(const PgFailure& failure);

/** The Error of a connection that could not be made: permission_denied for a wrong password or
    missing right, not_found for a database that does not exist, otherwise unavailable. */
Error connect_error(const PostgresUrl& url, std::string_view libpq_message);

/** True when waiting will not help: a person must change something. */
bool needs_operator(const Error& error) noexcept;

/** True when the session can no longer be trusted, although it lives: the server became
    read-only, tables were changed, or prepared statements are gone. It is closed and opened anew,
    which checks everything again. */
bool makes_session_stale(const PgFailure& failure) noexcept;

}  // namespace holdfast
