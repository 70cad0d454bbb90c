#include "store/postgres/statements.h"

#include <array>

#include <fmt/format.h>

#include "base/check.h"

namespace holdfast {
namespace {

/** A condition upon d that no index answers: statements about one key must go by the key. Once it
    has statistics, PostgreSQL takes rows in status 'signing' for few and the index of (status,
    started_at) for as good, where each signed duty has left a dead entry. */
constexpr std::string_view kIsSigning = "(d.status = 'signing') IS TRUE";

constexpr std::string_view kKeyColumns =
    "rollup_address, validator_address, slot, duty_type, block_index_within_checkpoint";

/** alias.key = $1 to $5, or = the columns of another alias. */
std::string key_is(std::string_view alias, std::string_view other = "") {
  constexpr std::array<std::string_view, 5> kColumns = {
      "rollup_address", "validator_address", "slot", "duty_type", "block_index_within_checkpoint"};
  std::string text;
  for (std::size_t index = 0; index < kColumns.size(); ++index) {
    if (index > 0) text += " AND ";
    const std::string right = other.empty() ? fmt::format("${}", index + 1)
                                            : fmt::format("{}.{}", other, kColumns[index]);
    text += fmt::format("{}.{} = {}", alias, kColumns[index], right);
  }
  return text;
}

std::string watermark_is(std::string_view other = "") {
  if (other.empty()) {
    return "w.rollup_address = $1 AND w.validator_address = $2 AND w.duty_type = $4";
  }
  return fmt::format(
      "w.rollup_address = {0}.rollup_address AND w.validator_address = {0}.validator_address AND "
      "w.duty_type = {0}.duty_type",
      other);
}

std::string above_watermark(std::string_view other = "") {
  return fmt::format("NOT EXISTS (SELECT FROM holdfast_watermark w WHERE {} AND w.slot >= {})",
                     watermark_is(other), other.empty() ? "$3" : fmt::format("{}.slot", other));
}

/** No entry of the ledger for the key at all. */
std::string not_in_ledger(std::string_view other = "") {
  return fmt::format("NOT EXISTS (SELECT FROM holdfast_ledger l WHERE {})", key_is("l", other));
}

/** No entry of the ledger says that another message was, or may have been, signed. */
std::string ledger_allows_hash(std::string_view hash, std::string_view other = "") {
  return fmt::format("NOT EXISTS (SELECT FROM holdfast_ledger l WHERE {} AND l.message_hash <> {})",
                     key_is("l", other), hash);
}

/** Nor that this message is signed already. */
const std::string kLedgerAllowsTakeOver = fmt::format(
    "NOT EXISTS (SELECT FROM holdfast_ledger l WHERE {} AND (l.message_hash <> $6 OR "
    "l.signature IS NOT NULL OR l.status = 'signed'))",
    key_is("l"));

/** Milliseconds since 1970 in UTC of a local time of this session's time zone. Ages are always
    differences of instants: those of local times jump by an hour when summer time begins or ends.
    A local time that comes twice, when it ends, is taken for the later one, so that nothing looks
    older than it is. */
std::string utc_ms(std::string_view time) {
  return fmt::format("floor(extract(epoch FROM {}::timestamptz) * 1000)::bigint", time);
}

std::string stored_columns(std::string_view alias) {
  return fmt::format(
      "{0}.status::text, {0}.message_hash::text, {0}.node_id::text, {0}.lock_token::text, "
      "{0}.signature::text, {1}, {2}, {0}.error_message",
      alias, utc_ms(fmt::format("{}.started_at", alias)),
      utc_ms(fmt::format("{}.completed_at", alias)));
}

/** What facts_of (row_codec.h) reads: the row, the ledger's entry, the watermark, the time. */
std::string fact_columns() {
  return fmt::format("{}, {}, w.slot, {}", stored_columns("d"), stored_columns("l"),
                     utc_ms("CURRENT_TIMESTAMP"));
}

constexpr std::string_view kNoFacts =
    "NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::bigint, NULL::bigint, "
    "NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::bigint, "
    "NULL::bigint, NULL::text, NULL::bigint, NULL::bigint";

std::string fact_joins(std::string_view other = "") {
  return fmt::format(
      "LEFT JOIN validator_duties d ON {} LEFT JOIN holdfast_ledger l ON {} "
      "LEFT JOIN holdfast_watermark w ON {}",
      key_is("d", other), key_is("l", other), watermark_is(other));
}

/** The columns of a new lock; version 2 of the schema has one more. */
std::string lock_columns(int schema_version) {
  return fmt::format("{}, message_hash, node_id, lock_token, block_number{}, status, started_at",
                     kKeyColumns, schema_version >= 2 ? ", checkpoint_number" : "");
}

std::string lock_values(int schema_version, std::string_view token) {
  return fmt::format("$1, $2, $3, $4, $5, $6, $7, {}, $9{}, 'signing', CURRENT_TIMESTAMP", token,
                     schema_version >= 2 ? ", $10" : "");
}

constexpr std::string_view kOnConflict =
    "ON CONFLICT (rollup_address, validator_address, slot, duty_type, "
    "block_index_within_checkpoint) DO NOTHING";

using Types = std::vector<PgType>;
const Types kKeyTypes = {PgType::text, PgType::text, PgType::int8, PgType::text, PgType::int4};
const Types kLockTypes = {PgType::text, PgType::text, PgType::int8, PgType::text, PgType::int4,
                          PgType::text, PgType::text, PgType::text, PgType::int8, PgType::int8};

Types plus(Types types, const Types& more) {
  types.insert(types.end(), more.begin(), more.end());
  return types;
}

PgStatement claim_many(int schema_version) {
  return {.name = "hf_claim_many",
          .text = fmt::format(
              "WITH i AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], "
              "$4::text[], $5::int[], $6::text[], $7::text[], $8::text[], $9::bigint[], "
              "$10::bigint[]) WITH ORDINALITY AS i({}, message_hash, node_id, lock_token, "
              "block_number, checkpoint_number, n)), "
              "won AS (INSERT INTO validator_duties ({}) SELECT {}, i.message_hash, i.node_id, "
              "i.lock_token, i.block_number{}, 'signing', CURRENT_TIMESTAMP FROM i WHERE {} AND {} "
              "ORDER BY i.n {} RETURNING lock_token) "
              "SELECT won.lock_token::text, {} FROM won UNION ALL SELECT i.lock_token, {} FROM i "
              "{} WHERE i.lock_token NOT IN (SELECT won.lock_token FROM won)",
              kKeyColumns, lock_columns(schema_version), kKeyColumns,
              schema_version >= 2 ? ", i.checkpoint_number" : "", not_in_ledger("i"),
              above_watermark("i"), kOnConflict, kNoFacts, fact_columns(), fact_joins("i")),
          .types = {PgType::texts, PgType::texts, PgType::int8s, PgType::texts, PgType::int4s,
                    PgType::texts, PgType::texts, PgType::texts, PgType::int8s, PgType::int8s}};
}

PgStatement claim_one(int schema_version) {
  return {.name = "hf_claim_one",
          .text = fmt::format(
              "WITH won AS (INSERT INTO validator_duties ({}) SELECT {} WHERE {} AND {} {} "
              "RETURNING lock_token) "
              "SELECT won.lock_token::text, {} FROM won UNION ALL SELECT $8, {} FROM (SELECT) AS "
              "one {} WHERE NOT EXISTS (SELECT FROM won)",
              lock_columns(schema_version), lock_values(schema_version, "$8"), not_in_ledger(),
              above_watermark(), kOnConflict, kNoFacts, fact_columns(), fact_joins()),
          .types = kLockTypes};
}

PgStatement record_many() {
  return {.name = "hf_record_many",
          .text = fmt::format(
              "UPDATE validator_duties d SET status = 'signed', signature = i.signature, "
              "completed_at = greatest(LOCALTIMESTAMP, d.started_at), error_message = NULL "
              "FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::int[], "
              "$6::text[], $7::text[], $8::text[]) AS i({}, message_hash, lock_token, signature) "
              "WHERE {} AND {} AND d.signature IS NULL AND d.lock_token = i.lock_token "
              "AND d.message_hash = i.message_hash AND {} AND {} AND {} RETURNING d.lock_token",
              kKeyColumns, key_is("d", "i"), kIsSigning, ledger_allows_hash("i.message_hash", "i"),
              above_watermark("i"), kSameTables),
          .types = {PgType::texts, PgType::texts, PgType::int8s, PgType::texts, PgType::int4s,
                    PgType::texts, PgType::texts, PgType::texts}};
}

PgStatement record_one(std::string_view name, std::string_view change) {
  return {.name = std::string(name),
          .text = fmt::format("UPDATE validator_duties d SET {} WHERE {} AND {} "
                              "AND d.signature IS NULL AND d.message_hash = $6 AND d.lock_token = "
                              "$7 AND {} AND {} AND {} RETURNING d.lock_token",
                              change, key_is("d"), kIsSigning, ledger_allows_hash("$6"),
                              above_watermark(), kSameTables),
          .types = plus(kKeyTypes, {PgType::text, PgType::text, PgType::text})};
}

PgStatement take_over(int schema_version) {
  // While somebody works on it a pinned lock has no error_message.
  return {
      .name = "hf_take_over",
      .text = fmt::format(
          "UPDATE validator_duties d SET lock_token = CASE WHEN d.lock_token LIKE 'hf1-pin-%' "
          "THEN $11 ELSE $8 END, node_id = $7, message_hash = $6, block_number = $9{}, "
          "started_at = CURRENT_TIMESTAMP, completed_at = NULL, error_message = NULL "
          "WHERE {} AND {} AND d.signature IS NULL "
          "AND d.lock_token LIKE 'hf1-%' "
          "AND (d.lock_token NOT LIKE 'hf1-pin-%' OR d.message_hash = $6) "
          "AND (d.started_at::timestamptz <= CURRENT_TIMESTAMP - $12 * interval '1 millisecond' "
          "OR (d.lock_token LIKE 'hf1-pin-%' AND d.error_message IS NOT NULL)) "
          "AND {} AND {} RETURNING d.lock_token",
          schema_version >= 2 ? ", checkpoint_number = $10" : "", key_is("d"), kIsSigning,
          kLedgerAllowsTakeOver, above_watermark()),
      .types = plus(kLockTypes, {PgType::text, PgType::int8})};
}

PgStatement take_over_gone(int schema_version) {
  return {.name = "hf_take_over_gone",
          .text = fmt::format(
              "INSERT INTO validator_duties ({}) SELECT {} WHERE {} AND {} {} RETURNING lock_token",
              lock_columns(schema_version),
              lock_values(schema_version,
                          fmt::format("CASE WHEN {} THEN $8 ELSE $11 END", not_in_ledger())),
              kLedgerAllowsTakeOver, above_watermark(), kOnConflict),
          .types = plus(kLockTypes, {PgType::text})};
}

PgStatement find_gated(int schema_version) {
  // OFFSET 0 keeps the search on the index of (status, started_at): few rows are being signed,
  // while a validator's history may be millions.
  return {
      .name = "hf_find_gated",
      .text = fmt::format(
          "SELECT d.slot, d.duty_type, d.block_index_within_checkpoint, d.block_number, "
          "{}, {} FROM (SELECT * FROM (SELECT * FROM validator_duties WHERE status = 'signing' "
          "OFFSET 0) s WHERE s.rollup_address = $1 AND s.validator_address = $2 AND "
          "s.message_hash = $3 ORDER BY s.lock_token LIKE 'hf1-%', s.started_at DESC LIMIT 1) d "
          "LEFT JOIN holdfast_ledger l ON {} LEFT JOIN holdfast_watermark w ON {}",
          schema_version >= 2 ? "d.checkpoint_number" : "0::bigint", fact_columns(),
          key_is("l", "d"), watermark_is("d")),
      .types = {PgType::text, PgType::text, PgType::text}};
}

PgStatement read_row(int schema_version) {
  return {.name = "hf_read_row",
          .text = fmt::format("SELECT {}, 0 AS source FROM validator_duties d WHERE {} UNION ALL "
                              "SELECT {}, 1 FROM holdfast_ledger d WHERE {} ORDER BY source",
                              duty_row_columns(schema_version), key_is("d"), duty_row_columns(2),
                              key_is("d")),
          .types = kKeyTypes};
}

PgStatement delete_stuck() {
  // SKIP LOCKED: a row that is being recorded or taken over at this moment is not stuck, and
  // waiting for it while holding others could deadlock with a batch of records.
  constexpr std::string_view kStuck =
      "node_id = $1 AND status = 'signing' AND signature IS NULL AND lock_token LIKE 'hf1-%' AND "
      "lock_token NOT LIKE 'hf1-pin-%' AND started_at::timestamptz <= CURRENT_TIMESTAMP - $2 * "
      "interval '1 "
      "millisecond'";
  return {
      .name = "hf_delete_stuck",
      .text = fmt::format("DELETE FROM validator_duties WHERE ctid = ANY(ARRAY(SELECT ctid FROM "
                          "validator_duties WHERE {} FOR UPDATE SKIP LOCKED)) AND {}",
                          kStuck, kStuck),
      .types = {PgType::text, PgType::int8}};
}

PgStatement on_our_lock(std::string_view name, std::string_view action, std::string_view extra,
                        const Types& more) {
  return {.name = std::string(name),
          .text = fmt::format("{} WHERE {} AND d.lock_token = $6 AND {} AND d.signature IS NULL{}",
                              action, key_is("d"), kIsSigning, extra),
          .types = plus(plus(kKeyTypes, {PgType::text}), more)};
}

PgStatement facts() {
  return {.name = "hf_facts",
          .text = fmt::format("SELECT {} FROM (SELECT) AS one {}", fact_columns(), fact_joins()),
          .types = kKeyTypes};
}

PgStatement read_token() {
  return {.name = "hf_read_token",
          .text = fmt::format(
              "SELECT d.status, d.message_hash, d.lock_token, d.signature FROM validator_duties d "
              "WHERE {} UNION ALL SELECT d.status, d.message_hash, d.lock_token, d.signature FROM "
              "holdfast_ledger d WHERE {}",
              key_is("d"), key_is("d")),
          .types = kKeyTypes};
}

PgStatement ping() {
  return {.name = "hf_ping",
          .text =
              "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', "
              "(SELECT max(version) FROM schema_version), "
              "(SELECT max(version) FROM holdfast_migrations)",
          .types = {}};
}

PgStatement statement_of(Sql sql, int version) {
  constexpr std::string_view kSigned =
      "status = 'signed', signature = $8, completed_at = greatest(LOCALTIMESTAMP, d.started_at), "
      "error_message = NULL";
  switch (sql) {
    case Sql::claim_many:
      return claim_many(version);
    case Sql::claim_one:
      return claim_one(version);
    case Sql::record_many:
      return record_many();
    case Sql::record_one:
      return record_one("hf_record_one", kSigned);
    case Sql::record_gated:
      return record_one("hf_record_gated", "signature = $8");
    case Sql::take_over:
      return take_over(version);
    case Sql::take_over_gone:
      return take_over_gone(version);
    case Sql::facts:
      return facts();
    case Sql::release:
      return on_our_lock("hf_release", "DELETE FROM validator_duties d",
                         " AND d.lock_token NOT LIKE 'hf1-pin-%'", {});
    case Sql::release_pinned:
      return on_our_lock("hf_release_pinned", "UPDATE validator_duties d SET error_message = $7",
                         "", {PgType::text});
    case Sql::pin:
      return on_our_lock("hf_pin",
                         "UPDATE validator_duties d SET error_message = $7, lock_token = CASE WHEN "
                         "d.lock_token LIKE 'hf1-pin-%' THEN d.lock_token ELSE 'hf1-pin-' || "
                         "substr(d.lock_token, 5) END",
                         "", {PgType::text});
    case Sql::find_gated:
      return find_gated(version);
    case Sql::read_token:
      return read_token();
    case Sql::read_row:
      return read_row(version);
    case Sql::delete_stuck:
      return delete_stuck();
    case Sql::ping:
      return ping();
  }
  CHECK(false);
}

std::vector<PgStatement> all_statements(int schema_version) {
  std::vector<PgStatement> all;
  for (std::size_t index = 0; index < kSqlCount; ++index) {
    all.push_back(statement_of(static_cast<Sql>(index), schema_version));
  }
  return all;
}

}  // namespace

const std::vector<PgStatement>& statements_of(int schema_version) {
  static const std::vector<PgStatement> version_1 = all_statements(1);
  static const std::vector<PgStatement> version_2 = all_statements(2);
  CHECK(schema_version == 1 || schema_version == 2);
  return schema_version == 1 ? version_1 : version_2;
}

std::string duty_row_columns(int schema_version) {
  std::string checkpoint = "0::bigint";
  if (schema_version >= 2) checkpoint = "d.checkpoint_number";
  if (schema_version == kAnySchema) {
    checkpoint = "coalesce((to_jsonb(d) ->> 'checkpoint_number')::bigint, 0)";
  }
  return fmt::format(
      "d.rollup_address::text, d.validator_address::text, d.slot, d.duty_type::text, "
      "d.block_index_within_checkpoint, d.message_hash::text, d.block_number, {}, d.status::text, "
      "d.node_id::text, d.signature::text, CASE WHEN d.lock_token LIKE 'hf1-pin-%' THEN 2 WHEN "
      "d.lock_token LIKE 'hf1-%' THEN 1 ELSE 0 END, {}, {}, coalesce(d.error_message, '')",
      checkpoint, utc_ms("d.started_at"), utc_ms("d.completed_at"));
}

std::string facts_of_many_text() {
  return fmt::format(
      "SELECT {} FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::int[]) WITH "
      "ORDINALITY AS i({}, n) {} ORDER BY i.n",
      fact_columns(), kKeyColumns, fact_joins("i"));
}

}  // namespace holdfast
