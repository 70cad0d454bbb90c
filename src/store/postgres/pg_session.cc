#include "store/postgres/pg_session.h"

#include "store/postgres/migrator.h"

namespace holdfast {
namespace {

constexpr std::string_view kRunUp = ": run holdfast migrate-ha-db up --database-url URL";

/** How many triggers of ours stand on validator_duties. */
constexpr std::int64_t kTriggers = 5;

Error mismatch(std::string text) {
  return Error{ErrorKind::schema_mismatch, std::move(text)};
}

}  // namespace

std::string session_setup_text() {
  // Plans are fixed to index look-ups in the order of the input: the tables' statistics are empty
  // when a session begins, and a plan made for an empty table must not stay when it has grown.
  return "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', "
         "to_regclass('schema_version') IS NOT NULL AND to_regclass('validator_duties') IS NOT "
         "NULL, "
         "to_regclass('holdfast_migrations') IS NOT NULL AND to_regclass('holdfast_ledger') IS NOT "
         "NULL AND to_regclass('holdfast_watermark') IS NOT NULL AND "
         "to_regclass('holdfast_cluster') "
         "IS NOT NULL, "
         "(SELECT count(*) FROM pg_trigger WHERE tgrelid = to_regclass('validator_duties') AND "
         "tgname LIKE 'holdfast\\_%' AND tgenabled IN ('O', 'A')), "
         "EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('validator_duties') AND "
         "attname = 'checkpoint_number' AND NOT attisdropped), "
         "EXISTS (SELECT FROM pg_settings WHERE name = 'TimeZone' AND source = 'client'), "
         "current_setting('server_version'), current_setting('server_version_num')::int, "
         "set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false), "
         "set_config('idle_in_transaction_session_timeout', $3, false), "
         "set_config('default_transaction_isolation', 'read committed', false), "
         "set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN "
         "('off', 'local') THEN 'on' ELSE current_setting('synchronous_commit') END, false), "
         "set_config('enable_seqscan', 'off', false), set_config('enable_hashjoin', 'off', false), "
         "set_config('enable_mergejoin', 'off', false), set_config('jit', 'off', false), "
         "set_config('plan_cache_mode', 'force_generic_plan', false), "
         "set_config('client_min_messages', 'warning', false)";
}

PgParams session_setup_params(const PgTimeouts& timeouts) {
  PgParams params;
  params.number(timeouts.statement.count())
      .number(timeouts.lock.count())
      .number(timeouts.idle_in_transaction.count());
  return params;
}

Result<PgServerFacts> check_server(const PgRows& rows, const std::string& place) {
  if (rows.size() != 1) return Error{ErrorKind::unknown, "PostgreSQL gave no answer about itself"};
  if (rows.number(0, 8) < 120000) {
    return mismatch("PostgreSQL " + std::string(rows.text(0, 7)) + " at " + place +
                    " is too old: 12 or later is needed");
  }
  if (rows.yes(0, 0)) {
    return Error{ErrorKind::unavailable, "the server at " + place +
                                             " is in recovery (a replica): connect to the primary, "
                                             "e.g. with target_session_attrs=read-write"};
  }
  if (rows.yes(0, 1)) {
    return Error{ErrorKind::unavailable,
                 "the server at " + place +
                     " is read-only (default_transaction_read_only is on): connect to the primary"};
  }
  if (!rows.yes(0, 2)) {
    return mismatch("the database at " + place + " has no schema yet" + std::string(kRunUp));
  }
  if (!rows.yes(0, 3)) {
    return mismatch("the database at " + place + " has Aztec's tables but not all of Holdfast's" +
                    std::string(kRunUp));
  }
  if (rows.yes(0, 6)) {
    return Error{ErrorKind::invalid_input,
                 "PGTZ or a timezone option is set for this client, but times must follow the "
                 "server's own time zone as Aztec's do: unset it"};
  }
  PgServerFacts facts;
  facts.hardened = rows.number(0, 4) == kTriggers;
  facts.server_version = std::string(rows.text(0, 7));
  facts.schema_version = rows.yes(0, 5) ? 2 : 1;
  return facts;
}

std::string session_versions_text() {
  return "SELECT (SELECT max(version) FROM schema_version), "
         "(SELECT max(version) FROM holdfast_migrations), "
         "coalesce((SELECT hardened FROM holdfast_cluster), true)";
}

std::string meeting_text() {
  // The timeline is that of the log that is being written: the control file's is older until the
  // first checkpoint after a promotion.
  return "SELECT (SELECT c.cluster_id FROM holdfast_cluster c), s.system_identifier::text, "
         "('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int, "
         "current_setting('synchronous_standby_names') <> '' AND "
         "current_setting('synchronous_commit') IN ('on', 'remote_apply'), "
         "pg_backend_pid(), to_regclass('validator_duties')::oid::bigint, "
         "coalesce((SELECT n.beat FROM holdfast_nodes n WHERE n.node_id = $1::text), 0), "
         "$2::text IS NULL "
         "OR EXISTS (SELECT FROM validator_duties d WHERE d.rollup_address = $2::text AND "
         "d.validator_address = $3::text AND d.slot = $4::bigint AND d.duty_type = $5::text AND "
         "d.block_index_within_checkpoint = $6::int AND d.message_hash = $7::text AND "
         "d.signature IS NOT NULL) "
         "OR EXISTS (SELECT FROM holdfast_ledger l WHERE l.rollup_address = $2::text AND "
         "l.validator_address = $3::text AND l.slot = $4::bigint AND l.duty_type = $5::text AND "
         "l.block_index_within_checkpoint = $6::int AND l.message_hash = $7::text AND "
         "l.signature IS NOT NULL) "
         "OR EXISTS (SELECT FROM holdfast_watermark w WHERE w.rollup_address = $2::text AND "
         "w.validator_address = $3::text AND w.duty_type = $5::text AND w.slot >= $4::bigint) "
         "FROM pg_control_system() s";
}

PgParams meeting_params(const DatabaseQuestion& question) {
  PgParams params;
  params.text(question.node_id);
  if (!question.newest_release) {
    params.null().null().null().null().null().null();
    return params;
  }
  const DutyKey& key = question.newest_release->key;
  params.text(to_text(key.rollup_address))
      .text(to_text(key.validator_address))
      .number(key.slot.number())
      .text(std::string(name_of(key.duty_type)))
      .number(key.block_index_within_checkpoint.number())
      .text(to_text(question.newest_release->message_hash));
  return params;
}

Result<PgMeeting> read_meeting(const PgRows& rows, const std::string& place) {
  if (rows.size() != 1) return Error{ErrorKind::unknown, "PostgreSQL gave no answer about itself"};
  const std::string cluster_id(rows.text(0, 0));
  // It becomes part of a statement's text, and it is a UUID.
  if (cluster_id.empty() ||
      cluster_id.find_first_not_of("0123456789abcdef-") != std::string::npos) {
    return mismatch("holdfast_cluster of the database at " + place + " has no cluster id" +
                    std::string(kRunUp));
  }
  PgMeeting meeting;
  DatabaseIdentity& identity = meeting.facts.identity;
  identity.backend = "postgres";
  identity.cluster_id = cluster_id;
  identity.system_identifier = std::string(rows.text(0, 1));
  identity.timeline = rows.number(0, 2);
  identity.synchronous = rows.yes(0, 3);
  meeting.backend_pid = rows.number(0, 4);
  meeting.facts.beat = rows.number(0, 6);
  meeting.facts.knows_newest_release = rows.yes(0, 7);
  meeting.same_tables =
      "(SELECT cluster_id FROM holdfast_cluster) = '" + cluster_id +
      "' AND to_regclass('validator_duties')::oid::bigint = " + std::to_string(rows.number(0, 5));
  meeting.history = identity.system_identifier + "/" + std::to_string(identity.timeline) + "/" +
                    cluster_id + "/" + std::to_string(rows.number(0, 5));
  return meeting;
}

Result<PgServerFacts> check_versions(PgServerFacts facts, const PgRows& rows,
                                     const std::string& place) {
  if (rows.size() != 1 || rows.is_null(0, 0)) {
    return mismatch("schema_version is empty" + std::string(kRunUp));
  }
  const std::int64_t aztec = rows.number(0, 0);
  const std::int64_t ours = rows.number(0, 1);
  if (aztec > Migrator::kNewestSchema || aztec < Migrator::kOldestSchema) {
    return mismatch("the database's schema_version is " + std::to_string(aztec) +
                    ", this program knows 1 and 2: use a newer Holdfast");
  }
  if (aztec != facts.schema_version) {
    return mismatch("schema_version is " + std::to_string(aztec) +
                    " but validator_duties has the columns of version " +
                    std::to_string(facts.schema_version));
  }
  if (ours > Migrator::kHoldfastVersion) {
    return mismatch("the database's holdfast_migrations has version " + std::to_string(ours) +
                    ", this program knows " + std::to_string(Migrator::kHoldfastVersion) +
                    ": use a newer Holdfast");
  }
  if (ours < Migrator::kHoldfastVersion) {
    return mismatch("the database's holdfast_migrations has version " + std::to_string(ours) +
                    ", this program needs " + std::to_string(Migrator::kHoldfastVersion) +
                    std::string(kRunUp));
  }
  // Whoever deleted the triggers is told apart from the operator who chose to do without them.
  const bool must_be_hardened = rows.yes(0, 2);
  if (must_be_hardened && !facts.hardened) {
    return mismatch("the triggers that keep signed duties are missing or disabled on " + place +
                    std::string(kRunUp));
  }
  facts.hardened = must_be_hardened;
  facts.schema_version = static_cast<int>(aztec);
  facts.holdfast_version = static_cast<int>(ours);
  return facts;
}

}  // namespace holdfast
