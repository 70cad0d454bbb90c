#include "store/sqlite/sqlite_row.h"

#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/hex.h"

namespace holdfast {
namespace {

std::optional<DutyStatus> status_from_name(const std::string& name) {
  for (const DutyStatus status : {DutyStatus::signing, DutyStatus::signed_}) {
    if (name == name_of(status)) return status;
  }
  return std::nullopt;
}

Error bad_column(const SqliteQuery& query, const char* column) {
  return {ErrorKind::corrupt,
          fmt::format("the row of {} slot {} of {} has an impossible {}; keep the file and look "
                      "into it before signing on",
                      query.text(3), query.text(2), query.text(1), column)};
}

}  // namespace

void bind_key(SqliteQuery& query, const DutyKey& key) {
  query.bind(to_hex(key.rollup_address.view()))
      .bind(to_hex(key.validator_address.view()))
      .bind(key.slot.number())
      .bind(name_of(key.duty_type))
      .bind(std::int64_t{key.block_index_within_checkpoint.number()});
}

Result<StoredRow> row_of(const SqliteQuery& query) {
  const auto rollup = fixed_from_hex<RollupAddress>(query.text(0));
  const auto validator = fixed_from_hex<Address>(query.text(1));
  const auto type = duty_type_from_name(query.text(3));
  const std::int64_t index = query.integer(4);
  const auto hash = fixed_from_hex<MessageHash>(query.text(7));
  const auto status = status_from_name(query.text(8));
  if (!rollup) return bad_column(query, "rollup_address");
  if (!validator) return bad_column(query, "validator_address");
  if (!type) return bad_column(query, "duty_type");
  if (index < -1 || index > std::numeric_limits<std::int32_t>::max()) {
    return bad_column(query, "block_index_within_checkpoint");
  }
  if (!hash) return bad_column(query, "message_hash");
  if (!status) return bad_column(query, "status");

  StoredRow row;
  row.duty.key =
      DutyKey{.rollup_address = *rollup,
              .validator_address = *validator,
              .slot = Slot(query.integer(2)),
              .duty_type = *type,
              .block_index_within_checkpoint = BlockIndex(static_cast<std::int32_t>(index))};
  row.duty.block_number = BlockNumber(query.integer(5));
  row.duty.checkpoint_number = CheckpointNumber(query.integer(6));
  row.duty.message_hash = *hash;
  row.status = *status;
  row.node_id = query.text(9);
  row.token = query.text(10);
  if (!query.is_null(11)) {
    row.signature = fixed_from_hex<Signature>(query.text(11));
    if (!row.signature) return bad_column(query, "signature");
  }
  row.started_at_ms = query.integer(12);
  if (!query.is_null(13)) row.completed_at_ms = query.integer(13);
  if (!query.is_null(14)) row.error_message = query.text(14);
  return row;
}

Result<std::vector<StoredRow>> rows_of(SqliteQuery& query) {
  std::vector<StoredRow> rows;
  for (;;) {
    Result<bool> more = query.next();
    if (!more) return std::move(more).error();
    if (!*more) return rows;
    Result<StoredRow> row = row_of(query);
    if (!row) return std::move(row).error();
    rows.push_back(std::move(*row));
  }
}

}  // namespace holdfast
