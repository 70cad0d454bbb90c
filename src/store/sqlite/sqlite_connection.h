// One connection to a SQLite file, its prepared statements, and SQLite's result codes as Errors
// that say what to do. Thread rule: one thread at a time; handed over as a whole.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace holdfast {

class SqliteConnection;

/** One use of a prepared statement. Parameters are bound in order; the first failure is kept and
    given by next(). Gone before the connection, and only one at a time for one SQL text. */
class SqliteQuery {
 public:
  SqliteQuery(const SqliteQuery&) = delete;
  SqliteQuery& operator=(const SqliteQuery&) = delete;
  /** Frees the statement for the next use and ends its read transaction. */
  ~SqliteQuery();

  SqliteQuery& bind(std::string_view text);
  SqliteQuery& bind(std::int64_t number);

  /** True: there is a row, whose columns may be read until the next call. False: no more rows. */
  Result<bool> next();

  /** Runs a statement that gives no rows; how many rows it changed. */
  Result<std::int64_t> run();

  std::string text(int column) const;
  std::int64_t integer(int column) const;
  bool is_null(int column) const;

 private:
  friend class SqliteConnection;
  SqliteQuery(SqliteConnection& connection, sqlite3_stmt* statement, int failed_code);

  SqliteConnection& connection_;
  sqlite3_stmt* statement_;
  int failed_code_;
  int bound_ = 0;
};

class SqliteConnection {
 public:
  struct Options {
    std::string path;
    /** How long to wait for another process's transaction. */
    std::chrono::milliseconds busy_timeout{5000};
    /** SQLite's name of the file system layer; empty: the default one. Tests inject faults here. */
    std::string vfs;
  };

  /** Opens the file, which must exist. */
  static Result<std::unique_ptr<SqliteConnection>> open(Options options);
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;
  ~SqliteConnection();

  SqliteQuery query(const std::string& sql);
  /** Runs statements that give nothing back. */
  Result<void> execute(const char* sql);

  /** True between BEGIN and its COMMIT or ROLLBACK. */
  bool in_transaction() const noexcept;
  /** Ends a transaction that failed; whatever it answers, nothing of it is committed. */
  void roll_back() noexcept;
  /** COMMIT. Every error is in_doubt: what reached the disk is not known (S5). */
  Result<void> commit();

  /** The first failure of the file or of SQLite itself since forget_failure; a refusal by a
      constraint or a trigger is none, for it leaves the transaction as it was. */
  const std::optional<Error>& failure() const noexcept { return failure_; }
  void forget_failure() noexcept { failure_.reset(); }

  /** True when the file under the path is not the opened one any more. */
  bool has_moved() const;

  const std::string& path() const noexcept { return options_.path; }
  /** SQLite's version, "3.40.1". */
  static std::string library_version();

 private:
  friend class SqliteQuery;
  explicit SqliteConnection(Options options) : options_(std::move(options)) {}
  Result<void> prepare_connection();
  /** The error for a result code, remembered in failure_ where it is one. */
  Error error_for(int code, std::string_view doing);
  static int wait_for_lock(void* connection, int waited_before) noexcept;

  Options options_;
  sqlite3* database_ = nullptr;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
  std::optional<Error> failure_;
};

}  // namespace holdfast
