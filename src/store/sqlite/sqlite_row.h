// The columns of a duty row, to and from SQLite's values.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "store/sqlite/sqlite_connection.h"
#include "store/stored_row.h"

namespace holdfast {

/** The columns that row_of reads, in its order; validator_duties and holdfast_ledger have them. */
inline constexpr const char* kRowColumns =
    "rollup_address, validator_address, slot, duty_type, block_index_within_checkpoint,"
    " block_number, checkpoint_number, message_hash, status, node_id, lock_token, signature,"
    " started_at, completed_at, error_message";

/** The condition on the primary key that bind_key fills. */
inline constexpr const char* kKeyCondition =
    "rollup_address = ? AND validator_address = ? AND slot = ? AND duty_type = ?"
    " AND block_index_within_checkpoint = ?";

/** Binds the five parameters of kKeyCondition. */
void bind_key(SqliteQuery& query, const DutyKey& key);

/** The row at which the query stands. corrupt when a value is not what we write. */
Result<StoredRow> row_of(const SqliteQuery& query);
/** All rows from there on. */
Result<std::vector<StoredRow>> rows_of(SqliteQuery& query);

}  // namespace holdfast
