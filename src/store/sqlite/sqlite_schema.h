// The tables, indexes and triggers of the embedded database: the names and columns of the
// PostgreSQL schema, times as milliseconds since 1970 in UTC by SQLite's own clock.
//
// The triggers are the store's own guard, whoever writes (S2, S3): evidence that is deleted moves
// to the ledger, the ledger is append-only, signed and pinned rows keep their key and hash, and
// no row is inserted against the ledger or at or below a watermark.
#pragma once

#include "base/result.h"
#include "store/sqlite/sqlite_connection.h"

namespace holdfast {

/** Aztec's schema_version whose columns we have. */
inline constexpr int kSqliteAztecSchemaVersion = 2;
/** Our own version, in SQLite's user_version. */
inline constexpr int kSqliteSchemaVersion = 3;

/** Makes the schema in an empty file and brings an older one up to date, each in one transaction
    and safely raced by other processes, and switches it to WAL. schema_mismatch for a newer
   version, invalid_input for a database of another program; neither is changed. */
Result<void> open_sqlite_schema(SqliteConnection& connection);

}  // namespace holdfast
