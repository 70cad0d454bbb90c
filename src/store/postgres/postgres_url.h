// PostgresUrl: a PostgreSQL connection string that libpq accepts, checked before anything is
// connected, with a form that may be logged.
//
// Both of libpq's forms: postgresql://user:password@host:port/database?sslmode=verify-full with
// several hosts and target_session_attrs, and "host=... dbname=...". The password leaves this
// class only into libpq: no error and no place() ever holds it, nor a part of the text that might
// be a password whose special characters were not percent-encoded.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace holdfast {

class PostgresUrl {
 public:
  /** invalid_input says what is wrong without quoting the text. */
  static Result<PostgresUrl> parse(std::string_view text);

  /** "host:port/database", hosts separated by commas: for logs and status pages. */
  std::string place() const;

  /** The database's name; the user's when the text names none, as libpq has it. */
  const std::string& database() const noexcept { return database_; }

  /** True when the text itself sets this libpq parameter. */
  bool sets(const std::string& parameter) const { return parameters_.contains(parameter); }

  /** How many hosts the text names; at least 1. */
  std::size_t host_count() const noexcept { return hosts_.size(); }

  /** The libpq parameters (host, hostaddr, port) that choose one of several hosts; none when there
      is only one. */
  const std::vector<std::pair<std::string, std::string>>& host(std::size_t index) const {
    return hosts_[index % hosts_.size()];
  }

  /** The whole text, with the password: for libpq only, never for a log. */
  const std::string& secret_text() const noexcept { return text_; }

  /** A message of libpq with this URL's password taken out, trimmed to one line. */
  std::string redact(std::string_view message) const;

 private:
  PostgresUrl() = default;
  std::string text_;
  std::string database_;
  std::map<std::string, std::string> parameters_;
  std::vector<std::vector<std::pair<std::string, std::string>>> hosts_;
};

}  // namespace holdfast
