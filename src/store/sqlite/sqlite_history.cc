#include <utility>

#include "base/hex.h"
#include "store/history_merge.h"
#include "store/sqlite/sqlite_duties.h"
#include "store/sqlite/sqlite_row.h"

namespace holdfast {
namespace {

constexpr const char* kEvidence =
    "(status = 'signed' OR signature IS NOT NULL OR substr(lock_token, 1, 8) = 'hf1-pin-')";

constexpr const char* kKeyOrder =
    "rollup_address, validator_address, slot, duty_type, block_index_within_checkpoint";

std::string fits(const HistoryFilter& filter) {
  std::string where;
  if (filter.rollup_address) where += " AND rollup_address = ?";
  if (filter.validator_address) where += " AND validator_address = ?";
  return where;
}

void bind_filter(SqliteQuery& query, const HistoryFilter& filter) {
  if (filter.rollup_address) query.bind(to_hex(filter.rollup_address->view()));
  if (filter.validator_address) query.bind(to_hex(filter.validator_address->view()));
}

}  // namespace

Result<HistoryMarks> SqliteDuties::read_history_marks(const HistoryFilter& filter) {
  HistoryMarks found;
  SqliteQuery query = connection_.query(
      "SELECT rollup_address, validator_address, duty_type, slot FROM holdfast_watermark"
      " WHERE 1 = 1" +
      fits(filter) + " ORDER BY rollup_address, validator_address, duty_type");
  bind_filter(query, filter);
  for (;;) {
    Result<bool> more = query.next();
    if (!more) return std::move(more).error();
    if (!*more) break;
    Result<HistoryMark> mark =
        history_mark_of(query.text(0), query.text(1), query.text(2), Slot(query.integer(3)));
    if (!mark) return std::move(mark).error();
    found.marks.push_back(*mark);
  }
  SqliteQuery locks = connection_.query(
      std::string("SELECT count(*) FROM validator_duties WHERE status = 'signing' AND NOT ") +
      kEvidence + fits(filter));
  bind_filter(locks, filter);
  Result<bool> row = locks.next();
  if (!row) return std::move(row).error();
  found.unsigned_locks = locks.integer(0);
  return found;
}

Result<std::vector<StoredRow>> SqliteDuties::read_history(const HistoryFilter& filter,
                                                          const std::optional<DutyKey>& after,
                                                          std::size_t limit) {
  const auto of_table = [&](const char* table) {
    return std::string("SELECT * FROM (SELECT ") + kRowColumns + " FROM " + table +
           " AS duty WHERE " + kEvidence + fits(filter) +
           (after ? std::string(" AND (") + kKeyOrder + ") > (?, ?, ?, ?, ?)" : std::string()) +
           " AND NOT EXISTS (SELECT 1 FROM holdfast_watermark AS mark"
           " WHERE mark.rollup_address = duty.rollup_address"
           " AND mark.validator_address = duty.validator_address"
           " AND mark.duty_type = duty.duty_type AND mark.slot >= duty.slot) ORDER BY " +
           kKeyOrder + " LIMIT ?)";
  };
  SqliteQuery query =
      connection_.query(of_table("validator_duties") + " UNION ALL " + of_table("holdfast_ledger") +
                        " ORDER BY " + kKeyOrder + ", message_hash LIMIT ?");
  const auto most = static_cast<std::int64_t>(limit);
  for (int table = 0; table < 2; ++table) {
    bind_filter(query, filter);
    if (after) bind_key(query, *after);
    query.bind(most);
  }
  query.bind(most);
  return rows_of(query);
}

Result<MergedMark> SqliteDuties::import_mark(const HistoryMark& mark, ImportMode mode) {
  DutyKey key;
  key.rollup_address = mark.rollup_address;
  key.validator_address = mark.validator_address;
  key.duty_type = mark.duty_type;
  key.slot = mark.slot;
  Result<std::optional<Slot>> before = read_watermark(key);
  if (!before) return std::move(before).error();
  MergedMark merged = merge_mark(mark, *before);
  if (mode == ImportMode::dry_run || merged.after.slot == *before) return merged;
  Result<void> raised = raise_watermark(key);
  if (!raised) return std::move(raised).error();
  return merged;
}

Result<void> SqliteDuties::insert_ledger(const StoredRow& entry) {
  SqliteQuery query = connection_.query(
      std::string("INSERT INTO holdfast_ledger (") + kRowColumns +
      ", deleted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), ?, nullif(?, -1),"
      " nullif(?, ''), ?)");
  bind_key(query, entry.duty.key);
  query.bind(entry.duty.block_number.number())
      .bind(entry.duty.checkpoint_number.number())
      .bind(to_hex(entry.duty.message_hash.view()))
      .bind(name_of(entry.status))
      .bind(std::string_view(entry.node_id))
      .bind(std::string_view(entry.token))
      .bind(entry.signature ? to_hex(entry.signature->view()) : std::string())
      .bind(entry.started_at_ms)
      .bind(entry.completed_at_ms.value_or(-1))
      .bind(std::string_view(entry.error_message ? *entry.error_message : std::string()))
      .bind(entry.started_at_ms);
  Result<std::int64_t> changed = query.run();
  if (!changed) return std::move(changed).error();
  return {};
}

Result<MergedDuty> SqliteDuties::import_duty(const HistoryDuty& duty, ImportMode mode) {
  Result<LockFacts> facts = read_facts(duty.duty.key);
  if (!facts) return std::move(facts).error();
  Result<std::optional<StoredRow>> row = read_row(duty.duty.key);
  if (!row) return std::move(row).error();
  facts->row = std::move(*row);
  MergedDuty merged = merge_duty(duty, *facts);
  if (mode == ImportMode::dry_run || !is_written(merged.outcome)) return merged;
  // An entry that lacks its signature stays as it is, and the whole one counts before it.
  Result<void> inserted = insert_ledger(ledger_entry_of(duty, facts->now_ms));
  if (!inserted) return std::move(inserted).error();
  return merged;
}

/** Nothing races with it: the writer's transaction holds the lock of the whole file, so that every
    claim and record, of any process, is wholly before it, and then its row is seen here, or wholly
    after it, and then it sees the ledger. */
Result<MergedHistory> SqliteDuties::import_history(const HistoryBatch& batch, ImportMode mode) {
  MergedHistory merged;
  for (const HistoryMark& mark : batch.marks) {
    Result<MergedMark> each = import_mark(mark, mode);
    if (!each) return std::move(each).error();
    merged.marks.push_back(*each);
  }
  for (const HistoryDuty& duty : batch.duties) {
    Result<MergedDuty> each = import_duty(duty, mode);
    if (!each) return std::move(each).error();
    merged.duties.push_back(std::move(*each));
  }
  return merged;
}

}  // namespace holdfast
