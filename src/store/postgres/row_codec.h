// Between C++'s duties and PostgreSQL's columns. Pure.
// Errors are ErrorKind::corrupt and name the duty: what another program wrote is not trusted.
#pragma once

#include "base/result.h"
#include "duty/duty.h"
#include "store/duty_store.h"
#include "store/postgres/pg_values.h"
#include "store/stored_row.h"

namespace holdfast {

/** $1 to $5: the key, in lower case. */
PgParams key_params(const DutyKey& key);

/** "0x" and 130 lower-case hex digits. */
std::string signature_text(const Signature& signature);

/** How many columns facts_of reads. */
inline constexpr int kFactColumns = 18;

/** The facts about `duty`'s key, from a row of results whose fact columns begin at `column`. The
    hash and the numbers of `duty` are not looked at. */
Result<LockFacts> facts_of(const Duty& duty, const PgRows& rows, std::size_t row, int column);

/** From the columns of duty_row_columns (statements.h), which begin at column 0. */
Result<DutyRow> duty_row_of(const PgRows& rows, std::size_t row);

/** From the columns of prune_call (list_queries.h). */
Result<PrunedDuties> pruned_duties_of(const PgRows& rows, std::size_t row);

/** The duty of a row that find_gated found; its facts begin at kGatedFacts. */
Result<Duty> gated_duty_of(RollupAddress rollup, Address validator, MessageHash hash,
                           const PgRows& rows);
inline constexpr int kGatedFacts = 5;

}  // namespace holdfast
