#include "store/postgres/migrator.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "store/postgres/migration_sql.h"
#include "store/postgres/sync_session.h"

namespace holdfast {
namespace {

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
/** How many triggers the file of triggers makes: on validator_duties, and on the ledger and the
    watermarks together. */
constexpr std::int64_t kDutyTriggers = 5;
constexpr std::int64_t kHistoryTriggers = 6;

std::vector<std::string> applied_in(SyncSession& session) {
  std::vector<std::string> names;
  if (!session.has_table("public.pgmigrations")) return names;
  const PgRows rows = session.run("SELECT name FROM public.pgmigrations ORDER BY run_on, id");
  for (std::size_t row = 0; row < rows.size(); ++row) names.emplace_back(rows.text(row, 0));
  return names;
}

int version_in(SyncSession& session, std::string_view table) {
  if (!session.has_table(table)) return 0;
  return static_cast<int>(
      session.number("SELECT coalesce(max(version), 0) FROM " + std::string(table)));
}

MigrationStatus status_in(SyncSession& session) {
  MigrationStatus status;
  status.database = session.value("SELECT current_database()");
  status.server_version = session.value("SELECT current_setting('server_version')");
  status.applied = applied_in(session);
  status.schema_version = version_in(session, "schema_version");
  status.holdfast_version = version_in(session, "holdfast_migrations");
  const PgRows triggers = session.run(
      "SELECT count(*) FILTER (WHERE tgrelid = to_regclass('validator_duties')), "
      "count(*) FILTER (WHERE tgrelid <> coalesce(to_regclass('validator_duties'), 0)) "
      "FROM pg_trigger WHERE tgrelid IN (to_regclass('validator_duties'), "
      "to_regclass('holdfast_ledger'), to_regclass('holdfast_watermark')) AND tgname LIKE "
      "'holdfast\\_%' AND tgenabled IN ('O', 'A')");
  if (triggers.size() == 1) {
    status.duty_triggers = triggers.number(0, 0);
    status.guards_history = triggers.number(0, 1) == kHistoryTriggers;
    status.protects_signed_duties = status.guards_history && status.duty_triggers == kDutyTriggers;
  }
  if (session.has_table("holdfast_cluster") &&
      session.value("SELECT hardened FROM holdfast_cluster") == "f") {
    status.chosen = Hardening::off;
  }
  return status;
}

void count_duties(SyncSession& session, MigrationStatus& status) {
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
void check_known(SyncSession& session, const MigrationStatus& status) {
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

bool is_complete(const MigrationStatus& status, int schema_version, Hardening hardening) {
  const bool triggers_fit =
      status.is_as_chosen() && (hardening == Hardening::on || status.duty_triggers == 0);
  return static_cast<int>(status.applied.size()) >= schema_version &&
         status.schema_version >= schema_version &&
         status.holdfast_version == Migrator::kHoldfastVersion && status.chosen == hardening &&
         triggers_fit;
}

void apply_aztec(SyncSession& session, MigrationStatus& status, int schema_version,
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

void apply_holdfast(SyncSession& session, const MigrationStatus& status,
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
}

/** Makes the triggers that are missing, or takes those off validator_duties; records the choice. */
void apply_hardening(SyncSession& session, const MigrationStatus& status, Hardening hardening,
                     std::vector<std::string>& done) {
  const bool harden = hardening == Hardening::on;
  // Version 2 also changed what the triggers do.
  if (status.holdfast_version < 2 || !status.guards_history ||
      (harden && !status.protects_signed_duties)) {
    session.run(migration_sql::kHoldfastTriggers);
    done.emplace_back(Migrator::kMadeTriggers);
  }
  if (!harden) session.run(migration_sql::kHoldfastNoHarden);
  if (status.chosen == hardening && (harden || status.duty_triggers == 0)) return;
  session.run(harden ? "UPDATE holdfast_cluster SET hardened = true"
                     : "UPDATE holdfast_cluster SET hardened = false");
  done.emplace_back(harden ? Migrator::kHardenedAgain : Migrator::kNoLongerHardened);
}

/** The functions of our triggers keep the search path of this moment: one schema and no other. */
void fix_search_path(SyncSession& session) {
  session.run(
      "SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true)");
}

}  // namespace

Migrator::Migrator(PostgresUrl url, std::chrono::milliseconds lock_timeout)
    : url_(std::move(url)), lock_timeout_(lock_timeout) {}

Result<std::vector<std::string>> Migrator::up(int schema_version, Hardening hardening) {
  CHECK(hardening != Hardening::unknown);
  if (schema_version < kOldestSchema || schema_version > kNewestSchema) {
    return Error{ErrorKind::invalid_input,
                 "there is no schema version " + std::to_string(schema_version) + ": 1 or 2"};
  }
  SyncSession session(url_);
  MigrationStatus status = status_in(session);
  check_known(session, status);
  if (!session.ok()) return session.error();
  if (is_complete(status, schema_version, hardening)) return std::vector<std::string>();

  session.take_migration_lock(lock_timeout_);
  session.run("BEGIN");
  fix_search_path(session);
  // What another process did while we waited is seen now.
  status = status_in(session);
  check_known(session, status);
  std::vector<std::string> done;
  apply_aztec(session, status, schema_version, done);
  apply_holdfast(session, status, done);
  apply_hardening(session, status, hardening, done);
  session.run("COMMIT");
  if (!session.ok()) return session.error();
  return done;
}

Result<std::vector<std::string>> Migrator::down(
    const std::optional<std::string>& confirm_database_name) {
  SyncSession session(url_);
  session.take_migration_lock(lock_timeout_);
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
  SyncSession session(url_);
  MigrationStatus status = status_in(session);
  count_duties(session, status);
  if (!session.ok()) return session.error();
  return status;
}

}  // namespace holdfast
