// The prepared statements of the store: each is a transaction of its own, and each checks in the
// same statement what it relies on (lock token, hash, ledger, watermark). S1 and S2 are here.
//
// Both of Aztec's schema versions: in version 2 rows have a checkpoint_number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/postgres/pg_values.h"

namespace holdfast {

enum class Sql : std::uint8_t {
  /** Inserts locks where there are none; gives the token of each lock that was taken, and for
      every other one the facts (kFactColumns) that stand in its way. A lost row without any facts
      was hidden from the statement's snapshot: ask again. */
  claim_many = 0,
  claim_one,
  /** Status 'signed' and signature, where token, hash, ledger and watermark allow it; gives the
      token of each row that was written. */
  record_many,
  record_one,
  /** The signature into a stock node's row, status untouched. */
  record_gated,
  /** Changes an abandoned or idle pinned lock to ours; gives its new token. */
  take_over,
  /** Inserts the lock where the row is gone, pinned where the ledger remembers a pin. */
  take_over_gone,
  /** The facts about one key. */
  facts,
  release,
  /** A pinned lock that is given back stays, idle. */
  release_pinned,
  pin,
  find_gated,
  read_token,
  read_row,
  delete_stuck,
  ping,
};
inline constexpr std::size_t kSqlCount = static_cast<std::size_t>(Sql::ping) + 1;

struct PgStatement {
  std::string name;
  std::string text;
  std::vector<PgType> types;
};

/** Stands in the text of a statement that releases a signature, for the condition that the tables
    are still those that the session has met (PgMeeting::same_tables). */
inline constexpr std::string_view kSameTables = "$same_tables$";

/** All statements for a schema version (1 or 2), indexed by Sql. Lives for ever. */
const std::vector<PgStatement>& statements_of(int schema_version);

/** For duty_row_columns: a statement that must work on both versions. */
inline constexpr int kAnySchema = 0;

/** The columns of DutyRow, for lists, in the order that duty_row_of reads; from the table alias
    d. */
std::string duty_row_columns(int schema_version);

/** The columns of facts_of (row_codec.h) for many keys, in their order: five arrays. */
std::string facts_of_many_text();

}  // namespace holdfast
