#include "store/postgres/pg_error.h"

#include <algorithm>
#include <array>

namespace holdfast {
namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

ErrorKind kind_of(std::string_view sqlstate) {
  const std::string_view group = sqlstate.substr(0, 2);
  if (sqlstate == "57014" || sqlstate == "55P03") return ErrorKind::timeout;
  if (sqlstate == "42501" || group == "28") return ErrorKind::permission_denied;
  if (sqlstate == "42P01" || sqlstate == "42703" || sqlstate == "42883") {
    return ErrorKind::schema_mismatch;
  }
  constexpr std::array<std::string_view, 8> kPassing = {"08", "0A", "25", "26",
                                                        "40", "53", "55", "57"};
  if (std::find(kPassing.begin(), kPassing.end(), group) != kPassing.end()) {
    return ErrorKind::unavailable;
  }
  // Bad values, broken constraints, and what the triggers refuse.
  if (group == "22" || group == "23" || group == "P0") return ErrorKind::invalid_input;
  return ErrorKind::unknown;
}

}  // namespace

Error error_of(const PgFailure& failure) {
  const ErrorKind kind = kind_of(failure.sqlstate);
  std::string message = "PostgreSQL: " + failure.message;
  if (!failure.sqlstate.empty()) message += " (SQLSTATE " + failure.sqlstate + ")";
  if (failure.sqlstate == "25006") {
    message += ": the server is read-only; connect to the primary";
  } else if (kind == ErrorKind::schema_mismatch) {
    message += ": run holdfast migrate-ha-db up";
  }
  return Error{kind, std::move(message)};
}

Error connect_error(const PostgresUrl& url, std::string_view libpq_message) {
  const std::string text = url.redact(libpq_message);
  ErrorKind kind = ErrorKind::unavailable;
  if (has(text, "password authentication failed") || has(text, "no pg_hba.conf entry") ||
      has(text, "no password supplied") || has(text, "permission denied") ||
      (has(text, "role \"") && has(text, "does not exist"))) {
    kind = ErrorKind::permission_denied;
  } else if (has(text, "database \"") && has(text, "does not exist")) {
    kind = ErrorKind::not_found;
  }
  return Error{kind, "the database at " + url.place() +
                         " cannot be reached: " + (text.empty() ? "no reason was given" : text)};
}

bool needs_operator(const Error& error) noexcept {
  return error.kind == ErrorKind::wrong_database || error.kind == ErrorKind::schema_mismatch ||
         error.kind == ErrorKind::permission_denied || error.kind == ErrorKind::not_found ||
         error.kind == ErrorKind::invalid_input;
}

bool makes_session_stale(const PgFailure& failure) noexcept {
  constexpr std::array<std::string_view, 6> kStale = {"25006", "42P01", "42703",
                                                      "42883", "26000", "0A000"};
  return std::find(kStale.begin(), kStale.end(), failure.sqlstate) != kStale.end();
}

}  // namespace holdfast
