#include "store/postgres/row_codec.h"

#include "base/hex.h"

namespace holdfast {
namespace {

Error corrupt(const std::string& what, std::string_view column) {
  return Error{ErrorKind::corrupt, "the stored " + std::string(column) + " of " + what +
                                       " is not one that Holdfast or Aztec writes"};
}

DutyStatus status_of(std::string_view text) {
  if (text == name_of(DutyStatus::signing)) return DutyStatus::signing;
  if (text == name_of(DutyStatus::signed_)) return DutyStatus::signed_;
  return DutyStatus::unknown;
}

/** One row of validator_duties or the ledger, from eight columns; nullopt when it is not there. */
Result<std::optional<StoredRow>> stored_row(const Duty& duty, const PgRows& rows, std::size_t row,
                                            int column) {
  if (rows.is_null(row, column)) return std::optional<StoredRow>();
  StoredRow stored;
  stored.duty = duty;
  stored.status = status_of(rows.text(row, column));
  if (stored.status == DutyStatus::unknown) return corrupt(to_text(duty.key), "status");
  const auto hash = fixed_from_hex<MessageHash>(rows.text(row, column + 1));
  if (!hash) return corrupt(to_text(duty.key), "message_hash");
  stored.duty.message_hash = *hash;
  stored.node_id = std::string(rows.text(row, column + 2));
  stored.token = std::string(rows.text(row, column + 3));
  if (!rows.is_null(row, column + 4)) {
    stored.signature = fixed_from_hex<Signature>(rows.text(row, column + 4));
    const bool unreadable = !stored.signature.has_value();
    if (unreadable && stored.status != DutyStatus::signed_) {
      return corrupt(to_text(duty.key), "signature");
    }
  }
  stored.started_at_ms = rows.number(row, column + 5);
  if (!rows.is_null(row, column + 6)) stored.completed_at_ms = rows.number(row, column + 6);
  if (!rows.is_null(row, column + 7)) stored.error_message = rows.text(row, column + 7);
  return std::optional<StoredRow>(std::move(stored));
}

}  // namespace

PgParams key_params(const DutyKey& key) {
  PgParams params;
  params.text(to_text(key.rollup_address))
      .text(to_text(key.validator_address))
      .number(key.slot.number())
      .text(std::string(name_of(key.duty_type)))
      .number(key.block_index_within_checkpoint.number());
  return params;
}

std::string signature_text(const Signature& signature) {
  return to_hex(signature.view());
}

Result<LockFacts> facts_of(const Duty& duty, const PgRows& rows, std::size_t row, int column) {
  LockFacts facts;
  Result<std::optional<StoredRow>> own = stored_row(duty, rows, row, column);
  if (!own) return std::move(own).error();
  facts.row = *std::move(own);
  Result<std::optional<StoredRow>> ledger = stored_row(duty, rows, row, column + 8);
  if (!ledger) return std::move(ledger).error();
  facts.ledger = *std::move(ledger);
  if (!rows.is_null(row, column + 16)) facts.watermark = Slot(rows.number(row, column + 16));
  facts.now_ms = rows.number(row, column + 17);
  return facts;
}

Result<DutyRow> duty_row_of(const PgRows& rows, std::size_t row) {
  const std::string what =
      std::string(rows.text(row, 3)) + " slot " + std::string(rows.text(row, 2));
  DutyRow found;
  const auto rollup = fixed_from_hex<RollupAddress>(rows.text(row, 0));
  if (!rollup) return corrupt(what, "rollup_address");
  const auto validator = fixed_from_hex<Address>(rows.text(row, 1));
  if (!validator) return corrupt(what, "validator_address");
  const auto type = duty_type_from_name(rows.text(row, 3));
  if (!type) return corrupt(what, "duty_type");
  const auto hash = fixed_from_hex<MessageHash>(rows.text(row, 5));
  if (!hash) return corrupt(what, "message_hash");
  found.duty.key = DutyKey{
      .rollup_address = *rollup,
      .validator_address = *validator,
      .slot = Slot(rows.number(row, 2)),
      .duty_type = *type,
      .block_index_within_checkpoint = BlockIndex(static_cast<std::int32_t>(rows.number(row, 4)))};
  found.duty.message_hash = *hash;
  found.duty.block_number = BlockNumber(rows.number(row, 6));
  found.duty.checkpoint_number = CheckpointNumber(rows.number(row, 7));
  found.status = status_of(rows.text(row, 8));
  found.node_id = std::string(rows.text(row, 9));
  found.signature = fixed_from_hex<Signature>(rows.text(row, 10));
  found.holder = static_cast<LockHolder>(rows.number(row, 11));
  found.started_at_ms = rows.number(row, 12);
  if (!rows.is_null(row, 13)) found.completed_at_ms = rows.number(row, 13);
  found.error_message = std::string(rows.text(row, 14));
  return found;
}

Result<PrunedDuties> pruned_duties_of(const PgRows& rows, std::size_t row) {
  const auto slot = [&](int column) {
    return rows.is_null(row, column) ? std::nullopt : std::optional(Slot(rows.number(row, column)));
  };
  const auto validator = fixed_from_hex<Address>(rows.text(row, 0));
  if (!validator) return corrupt("a pruned duty", "validator_address");
  const auto type = duty_type_from_name(rows.text(row, 1));
  if (!type) return corrupt("a pruned duty", "duty_type");
  return PrunedDuties{.validator_address = *validator,
                      .duty_type = *type,
                      .watermark_before = slot(2),
                      .watermark_after = slot(3),
                      .rows_deleted = rows.number(row, 4),
                      .ledger_entries_deleted = rows.number(row, 5)};
}

Result<Duty> gated_duty_of(RollupAddress rollup, Address validator, MessageHash hash,
                           const PgRows& rows) {
  const auto type = duty_type_from_name(rows.text(0, 1));
  if (!type) return corrupt("slot " + std::string(rows.text(0, 0)), "duty_type");
  Duty duty;
  duty.key = DutyKey{
      .rollup_address = rollup,
      .validator_address = validator,
      .slot = Slot(rows.number(0, 0)),
      .duty_type = *type,
      .block_index_within_checkpoint = BlockIndex(static_cast<std::int32_t>(rows.number(0, 2)))};
  duty.message_hash = hash;
  duty.block_number = BlockNumber(rows.number(0, 3));
  duty.checkpoint_number = CheckpointNumber(rows.number(0, 4));
  return duty;
}

}  // namespace holdfast
