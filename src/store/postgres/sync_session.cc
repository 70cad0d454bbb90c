#include "store/postgres/sync_session.h"

#include <array>
#include <utility>

#include <libpq-fe.h>

#include "base/check.h"
#include "store/postgres/pg_error.h"

namespace holdfast {
namespace {

/** The advisory lock of node-pg-migrate (PG_MIGRATE_LOCK_ID of its runner). */
constexpr std::string_view kMigrationLock = "7241865325823964";

}  // namespace

void SyncSession::Closer::operator()(pg_conn* connection) const noexcept {
  PQfinish(connection);
}

SyncSession::SyncSession(const PostgresUrl& url) : url_(url) {
  const std::array<const char*, 4> names = {"application_name", "connect_timeout", "dbname",
                                            nullptr};
  const std::array<const char*, 4> values = {"holdfast", "10", url.secret_text().c_str(), nullptr};
  connection_.reset(PQconnectdbParams(names.data(), values.data(), 1));
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    error_ = connect_error(url_, PQerrorMessage(connection_.get()));
  }
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
}

Error SyncSession::error() const {
  CHECK(error_.has_value());
  return *error_;
}

void SyncSession::refuse(ErrorKind kind, std::string message) {
  if (ok()) error_ = Error{kind, std::move(message)};
}

PgRows SyncSession::run(std::string_view sql) {
  if (!ok()) return {};
  return keep(PQexec(connection_.get(), std::string(sql).c_str()));
}

PgRows SyncSession::run(std::string_view sql, const PgParams& params) {
  if (!ok()) return {};
  const auto values = params.pointers();
  const auto lengths = params.lengths();
  const auto formats = params.formats();
  return keep(PQexecParams(connection_.get(), std::string(sql).c_str(), params.size(), nullptr,
                           values.data(), lengths.data(), formats.data(), 0));
}

std::string SyncSession::value(std::string_view sql) {
  const PgRows rows = run(sql);
  return rows.size() == 0 ? std::string() : std::string(rows.text(0, 0));
}

std::int64_t SyncSession::number(std::string_view sql) {
  const PgRows rows = run(sql);
  return rows.size() == 0 ? 0 : rows.number(0, 0);
}

bool SyncSession::has_table(std::string_view name) {
  return value("SELECT to_regclass('" + std::string(name) + "') IS NOT NULL") == "t";
}

void SyncSession::take_migration_lock(std::chrono::milliseconds limit) {
  if (!ok()) return;
  run("SET client_min_messages = warning");
  run("SET statement_timeout = 0");
  run("SET lock_timeout = " + std::to_string(limit.count()));
  run("SELECT pg_advisory_lock(" + std::string(kMigrationLock) + ")");
  if (!ok() && error_->kind == ErrorKind::timeout) {
    error_->message = "another migration has been running for longer than " +
                      std::to_string(limit.count()) + " ms: try again";
    return;
  }
  // A table that is in use must not make everybody queue up behind this migration.
  run("SET lock_timeout = 5000");
}

PgRows SyncSession::keep(pg_result* result) {
  PgRows rows(result);
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return rows;
  const auto field = [result](int code) {
    const char* text = PQresultErrorField(result, code);
    return std::string(text == nullptr ? "" : text);
  };
  PgFailure failure{field(PG_DIAG_SQLSTATE), field(PG_DIAG_SEVERITY_NONLOCALIZED),
                    url_.redact(field(PG_DIAG_MESSAGE_PRIMARY))};
  if (failure.message.empty()) failure.message = url_.redact(PQerrorMessage(connection_.get()));
  error_ = error_of(failure);
  return {};
}

}  // namespace holdfast
