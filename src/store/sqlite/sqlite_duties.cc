#include "store/sqlite/sqlite_duties.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/hex.h"
#include "store/sqlite/sqlite_row.h"

namespace holdfast {
namespace {

/** The row is locked under this token for this message and still unsigned: seven parameters. */
const std::string kLockedCondition = std::string(kKeyCondition) +
                                     " AND lock_token = ? AND message_hash = ?"
                                     " AND status = 'signing' AND signature IS NULL";

/** And neither watermark nor ledger forbid it: the same seven parameters. */
const std::string kRecordableCondition =
    kLockedCondition +
    " AND NOT EXISTS (SELECT 1 FROM holdfast_watermark AS mark"
    " WHERE mark.rollup_address = validator_duties.rollup_address"
    " AND mark.validator_address = validator_duties.validator_address"
    " AND mark.duty_type = validator_duties.duty_type AND mark.slot >= validator_duties.slot)"
    " AND NOT EXISTS (SELECT 1 FROM holdfast_ledger AS entry"
    " WHERE entry.rollup_address = validator_duties.rollup_address"
    " AND entry.validator_address = validator_duties.validator_address"
    " AND entry.slot = validator_duties.slot AND entry.duty_type = validator_duties.duty_type"
    " AND entry.block_index_within_checkpoint = validator_duties.block_index_within_checkpoint"
    " AND entry.message_hash <> validator_duties.message_hash)";

void bind_locked(SqliteQuery& query, const Duty& duty, const std::string& token) {
  bind_key(query, duty.key);
  query.bind(token).bind(to_hex(duty.message_hash.view()));
}

/** The first row of a query on rows, or nullopt. */
Result<std::optional<StoredRow>> first_row(SqliteQuery& query) {
  Result<bool> found = query.next();
  if (!found) return std::move(found).error();
  if (!*found) return std::optional<StoredRow>();
  Result<StoredRow> row = row_of(query);
  if (!row) return std::move(row).error();
  return std::optional<StoredRow>(std::move(*row));
}

std::int64_t count_as_number(std::size_t count) {
  constexpr auto kMax = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(count, kMax));
}

}  // namespace

Result<std::int64_t> SqliteDuties::now_ms() {
  SqliteQuery query = connection_.query(
      "SELECT CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)");
  Result<bool> row = query.next();
  if (!row) return std::move(row).error();
  return query.integer(0);
}

Result<std::int64_t> SqliteDuties::schema_version() {
  SqliteQuery query = connection_.query("PRAGMA user_version");
  Result<bool> row = query.next();
  if (!row) return std::move(row).error();
  return query.integer(0);
}

Result<std::optional<StoredRow>> SqliteDuties::read_row(const DutyKey& key) {
  static const std::string kSql =
      std::string("SELECT ") + kRowColumns + " FROM validator_duties WHERE " + kKeyCondition;
  SqliteQuery query = connection_.query(kSql);
  bind_key(query, key);
  return first_row(query);
}

Result<std::optional<StoredRow>> SqliteDuties::read_ledger(const DutyKey& key) {
  static const std::string kSql = std::string("SELECT ") + kRowColumns +
                                  " FROM holdfast_ledger WHERE " + kKeyCondition +
                                  " ORDER BY signature IS NULL, id LIMIT 1";
  SqliteQuery query = connection_.query(kSql);
  bind_key(query, key);
  return first_row(query);
}

Result<std::optional<Slot>> SqliteDuties::read_watermark(const DutyKey& key) {
  static const std::string kSql =
      "SELECT slot FROM holdfast_watermark"
      " WHERE rollup_address = ? AND validator_address = ? AND duty_type = ?";
  SqliteQuery query = connection_.query(kSql);
  query.bind(to_hex(key.rollup_address.view()))
      .bind(to_hex(key.validator_address.view()))
      .bind(name_of(key.duty_type));
  Result<bool> row = query.next();
  if (!row) return std::move(row).error();
  if (!*row) return std::optional<Slot>();
  return std::optional<Slot>(Slot(query.integer(0)));
}

Result<LockFacts> SqliteDuties::read_facts(const DutyKey& key) {
  LockFacts facts;
  Result<std::optional<StoredRow>> ledger = read_ledger(key);
  if (!ledger) return std::move(ledger).error();
  Result<std::optional<Slot>> watermark = read_watermark(key);
  if (!watermark) return std::move(watermark).error();
  Result<std::int64_t> now = now_ms();
  if (!now) return std::move(now).error();
  facts.ledger = std::move(*ledger);
  facts.watermark = *watermark;
  facts.now_ms = *now;
  return facts;
}

Result<LockPlan> SqliteDuties::lock(const LockAttempt& attempt, const std::string& node_id) {
  Result<LockFacts> facts = read_facts(attempt.duty.key);
  if (!facts) return std::move(facts).error();
  Result<std::optional<StoredRow>> row = read_row(attempt.duty.key);
  if (!row) return std::move(row).error();
  facts->row = std::move(*row);

  LockPlan plan = plan_lock(attempt, *facts);
  Result<void> written;
  if (const auto* insert = std::get_if<InsertLock>(&plan)) {
    written = insert_lock(attempt, node_id, insert->token, facts->now_ms);
  } else if (const auto* replace = std::get_if<ReplaceLock>(&plan)) {
    written = replace_lock(attempt, node_id, replace->token, facts->now_ms);
  }
  if (!written) return std::move(written).error();
  return plan;
}

Result<void> SqliteDuties::insert_lock(const LockAttempt& attempt, const std::string& node_id,
                                       const std::string& token, std::int64_t now_ms) {
  static const std::string kSql =
      "INSERT INTO validator_duties (rollup_address, validator_address, slot, duty_type,"
      " block_index_within_checkpoint, block_number, checkpoint_number, message_hash, status,"
      " node_id, lock_token, started_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'signing', ?, ?, ?)";
  SqliteQuery query = connection_.query(kSql);
  bind_key(query, attempt.duty.key);
  query.bind(attempt.duty.block_number.number())
      .bind(attempt.duty.checkpoint_number.number())
      .bind(to_hex(attempt.duty.message_hash.view()))
      .bind(node_id)
      .bind(token)
      .bind(now_ms);
  Result<std::int64_t> changed = query.run();
  if (!changed) return std::move(changed).error();
  return {};
}

Result<void> SqliteDuties::replace_lock(const LockAttempt& attempt, const std::string& node_id,
                                        const std::string& token, std::int64_t now_ms) {
  // The plan was made of this very row inside the same transaction, so that the key is enough.
  static const std::string kSql =
      std::string(
          "UPDATE validator_duties SET block_number = ?, checkpoint_number = ?,"
          " message_hash = ?, node_id = ?, lock_token = ?, started_at = ?,"
          " error_message = NULL WHERE ") +
      kKeyCondition + " AND status = 'signing' AND signature IS NULL";
  SqliteQuery query = connection_.query(kSql);
  query.bind(attempt.duty.block_number.number())
      .bind(attempt.duty.checkpoint_number.number())
      .bind(to_hex(attempt.duty.message_hash.view()))
      .bind(node_id)
      .bind(token)
      .bind(now_ms);
  bind_key(query, attempt.duty.key);
  Result<std::int64_t> changed = query.run();
  if (!changed) return std::move(changed).error();
  CHECK(*changed == 1);
  return {};
}

Result<bool> SqliteDuties::record(const Duty& duty, const std::string& token,
                                  const Signature& signature, RecordInto into) {
  // History under a watermark may be pruned already, so that nothing is added to it any more. A
  // clock that was set back must not fail the CHECK that completed_at >= started_at after the
  // message was signed.
  static const std::string kOwn =
      "UPDATE validator_duties SET signature = ?, status = 'signed', error_message = NULL,"
      " completed_at = max(started_at,"
      " CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)) WHERE " +
      kRecordableCondition;
  static const std::string kGated =
      "UPDATE validator_duties SET signature = ? WHERE " + kRecordableCondition;
  SqliteQuery query = connection_.query(into == RecordInto::own_row ? kOwn : kGated);
  query.bind(to_hex(signature.view()));
  bind_locked(query, duty, token);
  Result<std::int64_t> changed = query.run();
  if (!changed) return std::move(changed).error();
  return *changed == 1;
}

Result<void> SqliteDuties::release(const Duty& duty, const std::string& token) {
  static const std::string kDelete = "DELETE FROM validator_duties WHERE " + kLockedCondition;
  static const std::string kLeave =
      "UPDATE validator_duties SET error_message = ? WHERE " + kLockedCondition;
  const bool pinned = holder_of_token(token) == LockHolder::holdfast_pinned;
  SqliteQuery query = connection_.query(pinned ? kLeave : kDelete);
  if (pinned) query.bind(kPinnedAndIdle);
  bind_locked(query, duty, token);
  Result<std::int64_t> changed = query.run();
  if (!changed) return std::move(changed).error();
  return {};
}

Result<void> SqliteDuties::pin(const Duty& duty, const std::string& token,
                               const std::string& reason) {
  static const std::string kSql =
      "UPDATE validator_duties SET lock_token = ?, error_message = ? WHERE " + kLockedCondition;
  SqliteQuery query = connection_.query(kSql);
  query.bind(pinned_token_text(token)).bind(std::string_view(reason));
  bind_locked(query, duty, token);
  Result<std::int64_t> changed = query.run();
  if (!changed) return std::move(changed).error();
  return {};
}

Result<std::optional<SqliteDuties::GatedFound>> SqliteDuties::find_gated(
    const RollupAddress& rollup, const Address& validator, const MessageHash& message_hash) {
  static const std::string kSql = std::string("SELECT ") + kRowColumns +
                                  " FROM validator_duties WHERE rollup_address = ?"
                                  " AND validator_address = ? AND message_hash = ?"
                                  " AND status = 'signing'"
                                  " ORDER BY substr(lock_token, 1, 4) = 'hf1-', started_at DESC,"
                                  " slot DESC LIMIT 1";
  SqliteQuery query = connection_.query(kSql);
  query.bind(to_hex(rollup.view()))
      .bind(to_hex(validator.view()))
      .bind(to_hex(message_hash.view()));
  Result<std::optional<StoredRow>> row = first_row(query);
  if (!row) return std::move(row).error();
  if (!*row) return std::optional<GatedFound>();
  Result<LockFacts> facts = read_facts((*row)->duty.key);
  if (!facts) return std::move(facts).error();
  facts->row = **row;
  GatedPlan plan = plan_gated(*facts);
  return std::optional<GatedFound>(GatedFound{std::move(**row), std::move(plan)});
}

Result<SqliteDuties::TokenFound> SqliteDuties::read_token(
    const Duty& duty, const std::string& token, const std::optional<Signature>& signature) {
  static const std::string kLocked = "SELECT 1 FROM validator_duties WHERE " + kLockedCondition;
  static const std::string kSignedCondition =
      std::string(kKeyCondition) + " AND lock_token = ? AND message_hash = ? AND signature = ?";
  static const std::string kSigned = "SELECT 1 FROM validator_duties WHERE " + kSignedCondition +
                                     " UNION ALL SELECT 1 FROM holdfast_ledger WHERE " +
                                     kSignedCondition;

  SqliteQuery locked = connection_.query(kLocked);
  bind_locked(locked, duty, token);
  Result<bool> row = locked.next();
  if (!row) return std::move(row).error();
  if (*row) return TokenFound::locked;
  if (!signature) return TokenFound::not_ours;

  SqliteQuery recorded = connection_.query(kSigned);
  for (int table = 0; table < 2; ++table) {
    bind_locked(recorded, duty, token);
    recorded.bind(to_hex(signature->view()));
  }
  row = recorded.next();
  if (!row) return std::move(row).error();
  return *row ? TokenFound::signed_ : TokenFound::not_ours;
}

Result<std::optional<StoredRow>> SqliteDuties::read(const DutyKey& key) {
  // The row first: should it be deleted between the two, the ledger has it by then.
  Result<std::optional<StoredRow>> row = read_row(key);
  if (!row || *row) return row;
  return read_ledger(key);
}

Result<std::vector<StoredRow>> SqliteDuties::list(const DutyFilter& filter) {
  std::string sql = std::string("SELECT ") + kRowColumns + " FROM validator_duties WHERE 1 = 1";
  if (filter.rollup_address) sql += " AND rollup_address = ?";
  if (filter.validator_address) sql += " AND validator_address = ?";
  if (filter.slot) sql += " AND slot = ?";
  if (filter.duty_type) sql += " AND duty_type = ?";
  if (filter.node_id) sql += " AND node_id = ?";
  if (filter.status) sql += " AND status = ?";
  if (filter.newer_than) sql += " AND started_at >= ?";
  sql += " ORDER BY started_at DESC LIMIT ?";

  Result<std::int64_t> now = now_ms();
  if (!now) return std::move(now).error();
  SqliteQuery query = connection_.query(sql);
  if (filter.rollup_address) query.bind(to_hex(filter.rollup_address->view()));
  if (filter.validator_address) query.bind(to_hex(filter.validator_address->view()));
  if (filter.slot) query.bind(filter.slot->number());
  if (filter.duty_type) query.bind(name_of(*filter.duty_type));
  if (filter.node_id) query.bind(std::string_view(*filter.node_id));
  if (filter.status) query.bind(name_of(*filter.status));
  if (filter.newer_than) {
    query.bind(*now - std::chrono::milliseconds(*filter.newer_than).count());
  }
  query.bind(count_as_number(filter.limit));
  return rows_of(query);
}

Result<std::vector<DutyCount>> SqliteDuties::count_by_node(std::chrono::seconds newer_than) {
  Result<std::int64_t> now = now_ms();
  if (!now) return std::move(now).error();
  SqliteQuery query = connection_.query(
      "SELECT duty_type, node_id, count(*), count(CASE WHEN status = 'signed' THEN 1 END)"
      " FROM validator_duties WHERE started_at >= ?"
      " GROUP BY duty_type, node_id ORDER BY duty_type, node_id");
  query.bind(*now - std::chrono::milliseconds(newer_than).count());
  std::vector<DutyCount> counts;
  for (;;) {
    Result<bool> more = query.next();
    if (!more) return std::move(more).error();
    if (!*more) return counts;
    counts.push_back({.duty_type = duty_type_from_name(query.text(0)).value_or(DutyType::unknown),
                      .node_id = query.text(1),
                      .duty_count = query.integer(2),
                      .signed_count = query.integer(3)});
  }
}

Result<std::int64_t> SqliteDuties::delete_stuck(const std::string& node_id,
                                                std::chrono::milliseconds min_age) {
  Result<std::int64_t> now = now_ms();
  if (!now) return std::move(now).error();
  // Only locks that Holdfast nodes took: another implementation might still release a signature
  // that it made under its own.
  SqliteQuery query = connection_.query(
      "DELETE FROM validator_duties WHERE node_id = ? AND started_at <= ?"
      " AND status = 'signing' AND signature IS NULL AND substr(lock_token, 1, 4) = 'hf1-'"
      " AND substr(lock_token, 1, 8) <> 'hf1-pin-'");
  query.bind(std::string_view(node_id)).bind(*now - min_age.count());
  return query.run();
}

}  // namespace holdfast
