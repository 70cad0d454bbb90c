#include "store/postgres/pg_history.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/check.h"
#include "store/history_merge.h"
#include "store/postgres/row_codec.h"
#include "store/postgres/statements.h"

namespace holdfast {
namespace {

constexpr std::string_view kKey =
    "rollup_address, validator_address, slot, duty_type, block_index_within_checkpoint";

constexpr std::string_view kEvidence =
    "(d.status = 'signed' OR d.signature IS NOT NULL OR d.lock_token LIKE 'hf1-pin-%')";

/** The filter as a condition on the alias d; its values are added to the parameters. */
std::string fits(const HistoryFilter& filter, PgParams& params) {
  std::string where;
  const auto equals = [&](std::string_view column, std::string value) {
    params.text(std::move(value));
    where += fmt::format(" AND d.{} = ${}::text", column, params.size());
  };
  if (filter.rollup_address) equals("rollup_address", to_text(*filter.rollup_address));
  if (filter.validator_address) equals("validator_address", to_text(*filter.validator_address));
  return where;
}

PgCall marks_call(const HistoryFilter& filter) {
  PgCall call;
  call.text =
      "SELECT d.rollup_address::text, d.validator_address::text, d.duty_type::text, d.slot "
      "FROM holdfast_watermark d WHERE TRUE" +
      fits(filter, call.params);
  return call;
}

PgCall locks_call(const HistoryFilter& filter) {
  PgCall call;
  call.text = fmt::format(
      "SELECT count(*), (SELECT cluster_id FROM holdfast_cluster) FROM validator_duties d WHERE "
      "d.status = 'signing' AND NOT {}{}",
      kEvidence, fits(filter, call.params));
  return call;
}

PgCall page_call(const HistoryFilter& filter, const std::optional<DutyKey>& after,
                 std::size_t limit) {
  PgCall call;
  std::string where = fits(filter, call.params);
  if (after) {
    const int first = call.params.size();
    call.params.text(to_text(after->rollup_address))
        .text(to_text(after->validator_address))
        .number(after->slot.number())
        .text(std::string(name_of(after->duty_type)))
        .number(after->block_index_within_checkpoint.number());
    where += fmt::format(
        " AND (d.rollup_address, d.validator_address, d.slot, d.duty_type, "
        "d.block_index_within_checkpoint) > (${}::text, ${}::text, ${}::bigint, ${}::text, "
        "${}::int)",
        first + 1, first + 2, first + 3, first + 4, first + 5);
  }
  call.params.number(static_cast<std::int64_t>(limit));
  const int most = call.params.size();
  const auto of_table = [&](std::string_view table, int schema_version) {
    return fmt::format(
        "(SELECT {} FROM {} d WHERE {}{} AND NOT EXISTS (SELECT FROM holdfast_watermark w WHERE "
        "w.rollup_address = d.rollup_address AND w.validator_address = d.validator_address AND "
        "w.duty_type = d.duty_type AND w.slot >= d.slot) ORDER BY d.rollup_address, "
        "d.validator_address, d.slot, d.duty_type, d.block_index_within_checkpoint LIMIT "
        "${}::bigint)",
        duty_row_columns(schema_version), table, kEvidence, where, most);
  };
  call.text =
      fmt::format("{} UNION ALL {} ORDER BY 1, 2, 3, 4, 5, 6 LIMIT ${}::bigint",
                  of_table("validator_duties", kAnySchema), of_table("holdfast_ledger", 2), most);
  return call;
}

/** $1 to $5: the keys. */
PgParams keys_of(const std::vector<HistoryDuty>& duties) {
  std::vector<std::string> rollups;
  std::vector<std::string> validators;
  std::vector<std::int64_t> slots;
  std::vector<std::string> types;
  std::vector<std::int32_t> indexes;
  for (const HistoryDuty& each : duties) {
    const DutyKey& key = each.duty.key;
    rollups.push_back(to_text(key.rollup_address));
    validators.push_back(to_text(key.validator_address));
    slots.push_back(key.slot.number());
    types.emplace_back(name_of(key.duty_type));
    indexes.push_back(key.block_index_within_checkpoint.number());
  }
  PgParams params;
  params.texts(rollups).texts(validators).int8s(slots).texts(types).int4s(indexes);
  return params;
}

/** One statement, and so one transaction, for all of them. It looks at ledger, row and watermark
    itself, as merge_duty does, because what was compared before it may have changed since. A record
    of another hash that is under way at this moment has not seen the ledger's new entry: it counts
    as signed before the import, and comparing once more finds it. */
PgCall insert_call(const std::vector<HistoryDuty>& duties) {
  std::vector<std::string> hashes;
  std::vector<std::string> nodes;
  std::vector<std::string> signatures;
  std::vector<std::string> statuses;
  std::vector<std::string> tokens;
  std::vector<std::string> messages;
  std::vector<std::int64_t> blocks;
  std::vector<std::int64_t> checkpoints;
  for (const HistoryDuty& each : duties) {
    const StoredRow entry = ledger_entry_of(each, 0);
    hashes.push_back(to_text(entry.duty.message_hash));
    nodes.push_back(entry.node_id);
    signatures.push_back(entry.signature ? signature_text(*entry.signature) : "");
    statuses.emplace_back(name_of(entry.status));
    tokens.push_back(entry.token);
    messages.push_back(entry.error_message.value_or(""));
    blocks.push_back(entry.duty.block_number.number());
    checkpoints.push_back(entry.duty.checkpoint_number.number());
  }
  PgCall call;
  call.params = keys_of(duties);
  call.params.texts(hashes).texts(nodes).texts(signatures).texts(statuses).texts(tokens);
  call.params.texts(messages).int8s(blocks).int8s(checkpoints);
  call.text = fmt::format(
      "INSERT INTO holdfast_ledger AS kept ({0}, message_hash, node_id, signature, status, "
      "lock_token, error_message, block_number, checkpoint_number, started_at, completed_at) "
      "SELECT {0}, message_hash, node_id, nullif(signature, ''), status, lock_token, "
      "nullif(error_message, ''), block_number, checkpoint_number, LOCALTIMESTAMP, "
      "CASE WHEN status = 'signed' THEN LOCALTIMESTAMP END "
      "FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::int[], $6::text[], "
      "$7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], "
      "$13::bigint[]) AS i({0}, message_hash, node_id, signature, status, lock_token, "
      "error_message, block_number, checkpoint_number) "
      "WHERE NOT EXISTS (SELECT FROM holdfast_watermark w WHERE w.rollup_address = "
      "i.rollup_address AND w.validator_address = i.validator_address AND w.duty_type = "
      "i.duty_type AND w.slot >= i.slot) "
      "AND NOT EXISTS (SELECT FROM validator_duties d WHERE d.rollup_address = i.rollup_address "
      "AND d.validator_address = i.validator_address AND d.slot = i.slot AND d.duty_type = "
      "i.duty_type AND d.block_index_within_checkpoint = i.block_index_within_checkpoint AND {1} "
      "AND (d.message_hash <> i.message_hash OR d.signature IS NOT NULL OR i.signature = '')) "
      "ORDER BY {0} ON CONFLICT ({0}) DO UPDATE SET status = excluded.status, "
      "signature = excluded.signature, node_id = excluded.node_id, lock_token = "
      "excluded.lock_token, started_at = excluded.started_at, completed_at = "
      "excluded.completed_at, error_message = excluded.error_message "
      "WHERE kept.signature IS NULL AND excluded.signature IS NOT NULL AND kept.message_hash = "
      "excluded.message_hash",
      kKey, kEvidence);
  return call;
}

/** $1 to $4: the marks. */
PgParams marks_params(const std::vector<HistoryMark>& marks) {
  std::vector<std::string> rollups;
  std::vector<std::string> validators;
  std::vector<std::string> types;
  std::vector<std::int64_t> slots;
  for (const HistoryMark& mark : marks) {
    rollups.push_back(to_text(mark.rollup_address));
    validators.push_back(to_text(mark.validator_address));
    types.emplace_back(name_of(mark.duty_type));
    slots.push_back(mark.slot.number());
  }
  PgParams params;
  params.texts(rollups).texts(validators).texts(types).int8s(slots);
  return params;
}

constexpr std::string_view kUnnestMarks =
    "unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) WITH ORDINALITY AS "
    "i(rollup_address, validator_address, duty_type, slot, n)";

/** Pages go by the text of the key, so that it must be what Holdfast and Aztec write. */
Result<void> check_text(const PgRows& rows, std::size_t row, const DutyRow& duty) {
  const DutyKey& key = duty.duty.key;
  if (rows.text(row, 0) == to_text(key.rollup_address) &&
      rows.text(row, 1) == to_text(key.validator_address)) {
    return {};
  }
  return Error{ErrorKind::corrupt,
               "the row of " + to_text(key) +
                   " has an address that is not in lower case, where no "
                   "Holdfast node looks: delete it, which moves it to the ledger in lower case"};
}

Error must_own(Error error) {
  if (error.kind == ErrorKind::permission_denied) {
    error.message +=
        "; the role that imports must own Holdfast's tables: use the one that ran migrate-ha-db up";
  }
  return error;
}

}  // namespace

Task<Result<HistoryMarks>> PgHistory::marks(HistoryFilter filter) {
  PgCall call = marks_call(filter);
  Result<PgRows> rows = co_await read_(std::move(call));
  if (!rows) co_return std::move(rows).error();
  HistoryMarks found;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    Result<HistoryMark> mark = history_mark_of(rows->text(row, 0), rows->text(row, 1),
                                               rows->text(row, 2), Slot(rows->number(row, 3)));
    if (!mark) co_return std::move(mark).error();
    found.marks.push_back(*mark);
  }
  found.marks = highest_marks(found.marks);
  PgCall locks = locks_call(filter);
  Result<PgRows> counted = co_await read_(std::move(locks));
  if (!counted) co_return std::move(counted).error();
  found.unsigned_locks = counted->number(0, 0);
  if (!counted->is_null(0, 1)) found.cluster_id = std::string(counted->text(0, 1));
  co_return found;
}

Task<Result<std::vector<DutyRow>>> PgHistory::page(HistoryFilter filter,
                                                   std::optional<DutyKey> after,
                                                   std::size_t limit) {
  PgCall call = page_call(filter, after, limit);
  Result<PgRows> rows = co_await read_(std::move(call));
  if (!rows) co_return std::move(rows).error();
  std::vector<DutyRow> found;
  for (std::size_t index = 0; index < rows->size(); ++index) {
    Result<DutyRow> row = duty_row_of(*rows, index);
    if (!row) co_return std::move(row).error();
    if (Result<void> right = check_text(*rows, index, *row); !right) {
      co_return std::move(right).error();
    }
    found.push_back(*std::move(row));
  }
  co_return found;
}

Task<Result<MergedHistory>> PgHistory::import(HistoryBatch batch, ImportMode mode) {
  MergedHistory merged;
  if (!batch.marks.empty()) {
    Result<std::vector<MergedMark>> marks = co_await import_marks(std::move(batch.marks), mode);
    if (!marks) co_return std::move(marks).error();
    merged.marks = *std::move(marks);
  }
  if (!batch.duties.empty()) {
    Result<std::vector<MergedDuty>> duties = co_await import_duties(std::move(batch.duties), mode);
    if (!duties) co_return std::move(duties).error();
    merged.duties = *std::move(duties);
  }
  co_return merged;
}

Task<Result<std::vector<MergedMark>>> PgHistory::import_marks(std::vector<HistoryMark> marks,
                                                              ImportMode mode) {
  PgCall ask;
  ask.params = marks_params(marks);
  ask.text = fmt::format(
      "SELECT w.slot FROM {} LEFT JOIN holdfast_watermark w ON w.rollup_address = "
      "i.rollup_address AND w.validator_address = i.validator_address AND w.duty_type = "
      "i.duty_type ORDER BY i.n",
      kUnnestMarks);
  Result<PgRows> rows = co_await read_(std::move(ask));
  if (!rows) co_return std::move(rows).error();
  CHECK(rows->size() == marks.size());
  std::vector<MergedMark> merged;
  for (std::size_t row = 0; row < marks.size(); ++row) {
    std::optional<Slot> before;
    if (!rows->is_null(row, 0)) before = Slot(rows->number(row, 0));
    merged.push_back(merge_mark(marks[row], before));
  }
  if (mode == ImportMode::dry_run) co_return merged;
  PgCall raise;
  raise.params = marks_params(marks);
  raise.text = fmt::format(
      "INSERT INTO holdfast_watermark AS w (rollup_address, validator_address, duty_type, slot) "
      "SELECT i.rollup_address, i.validator_address, i.duty_type, i.slot FROM {} ORDER BY i.n "
      "ON CONFLICT (rollup_address, validator_address, duty_type) DO UPDATE SET slot = "
      "excluded.slot, raised_at = CURRENT_TIMESTAMP WHERE w.slot < excluded.slot",
      kUnnestMarks);
  Result<PgRows> raised = co_await write_(std::move(raise));
  if (!raised) co_return must_own(std::move(raised).error());
  co_return merged;
}

Task<Result<std::vector<MergedDuty>>> PgHistory::compare(const std::vector<HistoryDuty>& duties) {
  PgCall ask;
  ask.params = keys_of(duties);
  ask.text = facts_of_many_text();
  Result<PgRows> rows = co_await read_(std::move(ask));
  if (!rows) co_return std::move(rows).error();
  CHECK(rows->size() == duties.size());
  std::vector<MergedDuty> merged;
  for (std::size_t row = 0; row < duties.size(); ++row) {
    Result<LockFacts> facts = facts_of(duties[row].duty, *rows, row, 0);
    if (!facts) co_return std::move(facts).error();
    merged.push_back(merge_duty(duties[row], *facts));
  }
  co_return merged;
}

Task<Result<std::vector<MergedDuty>>> PgHistory::import_duties(std::vector<HistoryDuty> duties,
                                                               ImportMode mode) {
  const auto is_new = [](const MergedDuty& duty) { return is_written(duty.outcome); };
  Result<std::vector<MergedDuty>> before = co_await compare(duties);
  if (!before || mode == ImportMode::dry_run) co_return before;
  if (std::none_of(before->begin(), before->end(), is_new)) co_return before;
  PgCall insert = insert_call(duties);
  Result<PgRows> inserted = co_await write_(std::move(insert));
  if (!inserted) co_return must_own(std::move(inserted).error());
  Result<std::vector<MergedDuty>> after = co_await compare(duties);
  if (!after) co_return std::move(after).error();
  for (std::size_t index = 0; index < duties.size(); ++index) {
    MergedDuty& now = (*after)[index];
    if (is_new(now)) {
      co_return Error{ErrorKind::corrupt, "the database did not keep " +
                                              to_text(duties[index].duty.key) +
                                              "; look into holdfast_ledger before any key signs"};
    }
    if (now.outcome == ImportOutcome::known) now.outcome = (*before)[index].outcome;
  }
  co_return after;
}

}  // namespace holdfast
