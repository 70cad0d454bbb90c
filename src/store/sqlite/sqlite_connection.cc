#include "store/sqlite/sqlite_connection.h"

#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/check.h"

namespace holdfast {
namespace {

struct CodeMeaning {
  ErrorKind kind;
  const char* what_to_do;
};

/** What a primary result code means for a signer. */
CodeMeaning meaning_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorKind::timeout,
              "another process held the database for too long; see which process has it open"};
    case SQLITE_FULL:
      return {ErrorKind::unavailable, "the disk is full or a quota is reached; free some space"};
    case SQLITE_IOERR:
      return {ErrorKind::unavailable,
              "the file system failed; check the disk and the kernel's log before going on"};
    case SQLITE_READONLY:
      return {ErrorKind::permission_denied,
              "the file or its directory cannot be written; check owner, mode and mount options"};
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return {ErrorKind::permission_denied,
              "the file cannot be opened; check owner and mode of the file and its directory"};
    case SQLITE_CORRUPT:
      return {ErrorKind::corrupt,
              "the file is damaged; keep it, stop all signers, and recover what was signed from "
              "it before any key signs again"};
    case SQLITE_NOTADB:
      return {ErrorKind::corrupt,
              "the file is not a SQLite database; check the path, and do not delete what may "
              "hold signed duties"};
    case SQLITE_CONSTRAINT:
      return {ErrorKind::corrupt, "the write contradicts what is stored and was refused"};
    case SQLITE_SCHEMA:
    case SQLITE_ERROR:
      return {ErrorKind::schema_mismatch, "the tables are not those of this version of Holdfast"};
  }
  return {ErrorKind::unavailable, "nothing was changed"};
}

/** How long one wait for another process's transaction takes. Commits last as long as an fsync,
    so that a short and constant pause is fairer than SQLite's growing ones. */
constexpr int kLockPauseMs = 1;

}  // namespace

SqliteQuery::SqliteQuery(SqliteConnection& connection, sqlite3_stmt* statement, int failed_code)
    : connection_(connection), statement_(statement), failed_code_(failed_code) {}

SqliteQuery::~SqliteQuery() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

SqliteQuery& SqliteQuery::bind(std::string_view text) {
  ++bound_;
  if (failed_code_ != SQLITE_OK) return *this;
  failed_code_ = sqlite3_bind_text(statement_, bound_, text.data(), static_cast<int>(text.size()),
                                   SQLITE_TRANSIENT);
  return *this;
}

SqliteQuery& SqliteQuery::bind(std::int64_t number) {
  ++bound_;
  if (failed_code_ == SQLITE_OK) failed_code_ = sqlite3_bind_int64(statement_, bound_, number);
  return *this;
}

Result<bool> SqliteQuery::next() {
  if (failed_code_ == SQLITE_OK) {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    failed_code_ = code;
  }
  return connection_.error_for(failed_code_, "using");
}

Result<std::int64_t> SqliteQuery::run() {
  Result<bool> row = next();
  if (!row) return std::move(row).error();
  CHECK(!*row);
  return static_cast<std::int64_t>(sqlite3_changes64(connection_.database_));
}

std::string SqliteQuery::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_, column);
  if (bytes == nullptr) return {};
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return {reinterpret_cast<const char*>(bytes), size};
}

std::int64_t SqliteQuery::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

bool SqliteQuery::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(Options options) {
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(std::move(options)));
  const Options& wanted = connection->options_;
  const int code = sqlite3_open_v2(wanted.path.c_str(), &connection->database_,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                       SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
                                   wanted.vfs.empty() ? nullptr : wanted.vfs.c_str());
  if (code != SQLITE_OK) return connection->error_for(code, "opening");
  Result<void> prepared = connection->prepare_connection();
  if (!prepared) return std::move(prepared).error();
  return connection;
}

Result<void> SqliteConnection::prepare_connection() {
  sqlite3_busy_handler(database_, &SqliteConnection::wait_for_lock, this);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // synchronous=FULL: a commit is on the disk BEFORE it is answered (S1). recursive_triggers: a
  // REPLACE fires the triggers of its DELETE too (S3).
  return execute(
      "PRAGMA synchronous = FULL;"
      "PRAGMA recursive_triggers = ON;"
      "PRAGMA trusted_schema = OFF;"
      "PRAGMA cell_size_check = ON;");
}

SqliteConnection::~SqliteConnection() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(database_);
}

SqliteQuery SqliteConnection::query(const std::string& sql) {
  const auto [entry, added] = statements_.try_emplace(sql, nullptr);
  if (entry->second != nullptr) return {*this, entry->second, SQLITE_OK};
  const int code = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &entry->second, nullptr);
  return {*this, entry->second, code};
}

Result<void> SqliteConnection::execute(const char* sql) {
  const int code = sqlite3_exec(database_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_for(code, "using");
  return {};
}

bool SqliteConnection::in_transaction() const noexcept {
  return sqlite3_get_autocommit(database_) == 0;
}

void SqliteConnection::roll_back() noexcept {
  if (in_transaction()) sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<void> SqliteConnection::commit() {
  const int code = sqlite3_exec(database_, "COMMIT", nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  Error error = error_for(code, "committing to");
  error.kind = ErrorKind::in_doubt;
  return error;
}

bool SqliteConnection::has_moved() const {
  int moved = 0;
  const int code = sqlite3_file_control(database_, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return code != SQLITE_OK || moved != 0;
}

std::string SqliteConnection::library_version() {
  return sqlite3_libversion();
}

Error SqliteConnection::error_for(int code, std::string_view doing) {
  const CodeMeaning meaning = meaning_of(code);
  const char* detail = database_ != nullptr ? sqlite3_errmsg(database_) : sqlite3_errstr(code);
  Error error{meaning.kind, fmt::format("{} {}: {} (SQLite code {}); {}", doing, options_.path,
                                        detail, code, meaning.what_to_do)};
  if ((code & 0xff) != SQLITE_CONSTRAINT && !failure_) failure_ = error;
  return error;
}

int SqliteConnection::wait_for_lock(void* connection, int waited_before) noexcept {
  const auto* self = static_cast<const SqliteConnection*>(connection);
  if (waited_before >= self->options_.busy_timeout.count() / kLockPauseMs) return 0;
  sqlite3_sleep(kLockPauseMs);
  return 1;
}

}  // namespace holdfast
