#include "store/postgres/migrator.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <libpq-fe.h>

#include "store/postgres/migration_sql.h"
#include "store/postgres/pg_error.h"
#include "store/postgres/pg_values.h"

namespace holdfast {
namespace {

/** The advisory lock of node-pg-migrate (PG_MIGRATE_LOCK_ID of its runner). */
constexpr std::string_view kMigrationLock = "7241865325823964";

struct AztecMigration {
  /** The file's name without its extension, as node-pg-migrate records it. */
  std::string_view name;
  std::string_view sql;
};
/** In Aztec's order: the place in the list is the schema version less one. */
const std::array<AztecMigration, 2> kAztecMigrations = {
    AztecMigration{"1_initial-schema", migration_sql::kInitialSchema},
    AztecMigration{"2_add-checkpoint-number", migration_sql::kAddCheckpointNumber}};

constexpr std::string_view kLedgerName = "holdfast_1_ledger";
constexpr std::string_view kPruneName = "holdfast_2_prune";
constexpr std::string_view kClusterName = "holdfast_3_cluster";
constexpr std::string_view kTriggersName = "holdfast_triggers";
/** How many triggers the file of triggers makes, on three tables. */
constexpr std::int64_t kTriggerCount = 10;

/** A synchronous session; statements after the first failure are not sent. */
class Session {
 public:
  explicit Session(const PostgresUrl& url) : url_(url) {
    const std::array<const char*, 4> names = {"application_name", "connect_timeout", "dbname",
                                              nullptr};
    const std::array<const char*, 4> values = {"holdfast", "10", url.secret_text().c_str(),
                                               nullptr};
    connection_.reset(PQconnectdbParams(names.data(), values.data(), 1));
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
      error_ = connect_error(url_, PQerrorMessage(connection_.get()));
    }
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
  }

  bool ok() const noexcept { return !error_.has_value(); }
  /** Must not be ok (CHECK). */
  Error error() const {
    CHECK(error_.has_value());
    return *error_;
  }
  void refuse(ErrorKind kind, std::string message) {
    if (ok()) error_ = Error{kind, std::move(message)};
  }

  /** Puts a better text to an error. */
  void explain(std::string message) {
    CHECK(error_.has_value());
    error_->message = std::move(message);
  }

  PgRows run(std::string_view sql) {
    if (!ok()) return {};
    pg_result* result = PQexec(connection_.get(), std::string(sql).c_str());
    return keep(result);
  }
  PgRows run(std::string_view sql, const PgParams& params) {
    if (!ok()) return {};
    const auto values = params.pointers();
    const auto lengths = params.lengths();
    const auto formats = params.formats();
    return keep(PQexecParams(connection_.get(), std::string(sql).c_str(), params.size(), nullptr,
                             values.data(), lengths.data(), formats.data(), 0));
  }
  /** The first cell; "" when there is none. */
  std::string value(std::string_view sql) {
    const PgRows rows = run(sql);
    return rows.size() == 0 ? std::string() : std::string(rows.text(0, 0));
  }
  std::int64_t number(std::string_view sql) {
    const PgRows rows = run(sql);
    return rows.size() == 0 ? 0 : rows.number(0, 0);
  }
  bool has_table(std::string_view name) {
    return value("SELECT to_regclass('" + std::string(name) + "') IS NOT NULL") == "t";
  }

 private:
  PgRows keep(pg_result* result) {
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

  PostgresUrl url_;
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{nullptr, &PQfinish};
  std::optional<Error> error_;
};

std::vector<std::string> applied_in(Session& session) {
  std::vector<std::string> names;
  if (!session.has_table("public.pgmigrations")) return names;
  const PgRows rows = session.run("SELECT name FROM public.pgmigrations ORDER BY run_on, id");
  for (std::size_t row = 0; row < rows.size(); ++row) names.emplace_back(rows.text(row, 0));
  return names;
}

int version_in(Session& session, std::string_view table) {
  if (!session.has_table(table)) return 0;
  return static_cast<int>(
      session.number("SELECT coalesce(max(version), 0) FROM " + std::string(table)));
}

MigrationStatus status_in(Session& session) {
  MigrationStatus status;
  status.database = session.value("SELECT current_database()");
  status.server_version = session.value("SELECT current_setting('server_version')");
  status.applied = applied_in(session);
  status.schema_version = version_in(session, "schema_version");
  status.holdfast_version = version_in(session, "holdfast_migrations");
  status.protects_signed_duties =
      session.number(
          "SELECT count(*) FROM pg_trigger WHERE tgrelid IN "
          "(to_regclass('validator_duties'), to_regclass('holdfast_ledger'), "
          "to_regclass('holdfast_watermark')) AND tgname LIKE 'holdfast\\_%' AND "
          "tgenabled IN ('O', 'A')") == kTriggerCount;
  return status;
}

void count_duties(Session& session, MigrationStatus& status) {
  if (session.has_table("validator_duties")) {
    const PgRows rows = session.run(
        "SELECT count(*) FILTER (WHERE status = 'signed' OR signature IS NOT NULL OR lock_token "
        "LIKE 'hf1-pin-%'), count(*) FILTER (WHERE status = 'signing') FROM validator_duties");
    if (rows.size() == 1) {
      status.signed_duties = rows.number(0, 0);
      status.signing_duties = rows.number(0, 1);
    }
  }
  if (session.has_table("holdfast_ledger")) {
    status.ledger_duties = session.number("SELECT count(*) FROM holdfast_ledger");
  }
}

/** Refuses a database that is newer than this program, or whose list is in another order. */
void check_known(Session& session, const MigrationStatus& status) {
  if (!session.ok()) return;
  if (status.schema_version > Migrator::kNewestSchema ||
      status.applied.size() > kAztecMigrations.size()) {
    return session.refuse(ErrorKind::schema_mismatch,
                          "the database's schema is newer than this program knows (version " +
                              std::to_string(status.schema_version) + "): use a newer Holdfast");
  }
  if (status.holdfast_version > Migrator::kHoldfastVersion) {
    return session.refuse(ErrorKind::schema_mismatch,
                          "the database's holdfast_migrations has version " +
                              std::to_string(status.holdfast_version) + ", this program knows " +
                              std::to_string(Migrator::kHoldfastVersion) +
                              ": use a newer Holdfast");
  }
  for (std::size_t index = 0; index < status.applied.size(); ++index) {
    if (status.applied[index] == kAztecMigrations[index].name) continue;
    return session.refuse(ErrorKind::schema_mismatch,
                          "pgmigrations lists \"" + status.applied[index] + "\" where \"" +
                              std::string(kAztecMigrations[index].name) + "\" was expected");
  }
}

bool is_complete(const MigrationStatus& status, int schema_version) {
  return static_cast<int>(status.applied.size()) >= schema_version &&
         status.schema_version >= schema_version &&
         status.holdfast_version == Migrator::kHoldfastVersion && status.protects_signed_duties;
}

/** Waits for every other migration, Aztec's too; the lock goes when the session ends. */
void take_lock(Session& session, std::chrono::milliseconds limit) {
  if (!session.ok()) return;
  session.run("SET client_min_messages = warning");
  session.run("SET statement_timeout = 0");
  session.run("SET lock_timeout = " + std::to_string(limit.count()));
  session.run("SELECT pg_advisory_lock(" + std::string(kMigrationLock) + ")");
  if (!session.ok() && session.error().kind == ErrorKind::timeout) {
    return session.explain("another migration has been running for longer than " +
                           std::to_string(limit.count()) + " ms: try again");
  }
  // A table that is in use must not make everybody queue up behind this migration.
  session.run("SET lock_timeout = 5000");
}

void apply_aztec(Session& session, MigrationStatus& status, int schema_version,
                 std::vector<std::string>& done) {
  if (!session.has_table("public.pgmigrations")) {
    session.run(
        "CREATE TABLE public.pgmigrations (id SERIAL PRIMARY KEY, name varchar(255) NOT NULL, "
        "run_on timestamp NOT NULL)");
  }
  for (std::size_t index = status.applied.size();
       session.ok() && static_cast<int>(index) < schema_version; ++index) {
    const AztecMigration& migration = kAztecMigrations[index];
    session.run(migration.sql);
    PgParams params;
    params.text(std::string(migration.name));
    session.run("INSERT INTO public.pgmigrations (name, run_on) VALUES ($1, NOW())", params);
    done.emplace_back(migration.name);
  }
}

void apply_holdfast(Session& session, const MigrationStatus& status,
                    std::vector<std::string>& done) {
  session.run(
      "CREATE TABLE IF NOT EXISTS holdfast_migrations (version INTEGER PRIMARY KEY, name TEXT NOT "
      "NULL, run_on TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP)");
  const auto apply = [&](int version, std::string_view name, std::string_view sql) {
    if (status.holdfast_version >= version) return;
    session.run(sql);
    PgParams params;
    params.number(version).text(std::string(name));
    session.run("INSERT INTO holdfast_migrations (version, name) VALUES ($1, $2)", params);
    done.emplace_back(name);
  };
  apply(1, kLedgerName, migration_sql::kHoldfastLedger);
  apply(2, kPruneName, migration_sql::kHoldfastPrune);
  apply(3, kClusterName, migration_sql::kHoldfastCluster);
  // Version 2 also changed what the triggers do.
  if (!status.protects_signed_duties || status.holdfast_version < 2) {
    session.run(migration_sql::kHoldfastTriggers);
    done.emplace_back(kTriggersName);
  }
}

/** The functions of our triggers keep the search path of this moment: one schema and no other. */
void fix_search_path(Session& session) {
  session.run(
      "SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true)");
}

}  // namespace

Migrator::Migrator(PostgresUrl url, std::chrono::milliseconds lock_timeout)
    : url_(std::move(url)), lock_timeout_(lock_timeout) {}

Result<std::vector<std::string>> Migrator::up(int schema_version) {
  if (schema_version < kOldestSchema || schema_version > kNewestSchema) {
    return Error{ErrorKind::invalid_input,
                 "there is no schema version " + std::to_string(schema_version) + ": 1 or 2"};
  }
  Session session(url_);
  MigrationStatus status = status_in(session);
  check_known(session, status);
  if (!session.ok()) return session.error();
  if (is_complete(status, schema_version)) return std::vector<std::string>();

  take_lock(session, lock_timeout_);
  session.run("BEGIN");
  fix_search_path(session);
  // What another process did while we waited is seen now.
  status = status_in(session);
  check_known(session, status);
  std::vector<std::string> done;
  apply_aztec(session, status, schema_version, done);
  apply_holdfast(session, status, done);
  session.run("COMMIT");
  if (!session.ok()) return session.error();
  return done;
}

Result<std::vector<std::string>> Migrator::down(
    const std::optional<std::string>& confirm_database_name) {
  Session session(url_);
  take_lock(session, lock_timeout_);
  session.run("BEGIN");
  fix_search_path(session);
  MigrationStatus status = status_in(session);
  check_known(session, status);
  if (!session.ok()) return session.error();
  if (confirm_database_name && *confirm_database_name != status.database) {
    return Error{ErrorKind::invalid_input, "the database is named \"" + status.database +
                                               "\", not \"" + *confirm_database_name +
                                               "\": nothing was removed"};
  }
  if (session.has_table("validator_duties")) {
    session.run("LOCK TABLE validator_duties IN ACCESS EXCLUSIVE MODE");
  }
  count_duties(session, status);
  if (!session.ok()) return session.error();
  const std::int64_t memory = status.signed_duties + status.ledger_duties;
  if (memory > 0 && !confirm_database_name) {
    return Error{ErrorKind::permission_denied,
                 "the database \"" + status.database + "\" remembers " +
                     std::to_string(status.signed_duties) + " signed duties and " +
                     std::to_string(status.ledger_duties) +
                     " in its ledger; without them they could be signed again with other data. To "
                     "remove them nevertheless, confirm with the database's name"};
  }
  std::vector<std::string> removed = status.applied;
  if (status.holdfast_version > 0) removed.emplace_back(kLedgerName);
  if (status.holdfast_version > 1) removed.emplace_back(kPruneName);
  if (status.holdfast_version > 2) removed.emplace_back(kClusterName);
  session.run(migration_sql::kDown);
  if (session.has_table("public.pgmigrations")) {
    for (const AztecMigration& migration : kAztecMigrations) {
      PgParams params;
      params.text(std::string(migration.name));
      session.run("DELETE FROM public.pgmigrations WHERE name = $1", params);
    }
  }
  session.run("COMMIT");
  if (!session.ok()) return session.error();
  std::reverse(removed.begin(), removed.end());
  return removed;
}

Result<MigrationStatus> Migrator::status() {
  Session session(url_);
  MigrationStatus status = status_in(session);
  count_duties(session, status);
  if (!session.ok()) return session.error();
  return status;
}

}  // namespace holdfast
