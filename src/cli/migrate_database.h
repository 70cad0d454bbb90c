// What the migrate-ha-db commands share: which database, and how an error becomes an exit code.
#pragma once

#include <optional>

#include "cli/command.h"
#include "store/postgres/postgres_url.h"

namespace holdfast::cli {

/** For CommandSpec::files. */
inline constexpr std::string_view kPgpassFile =
    "~/.pgpass    passwords, as for every program of PostgreSQL";

/** The PostgreSQL database of the call, from DATABASE_URL too, as Aztec's command has it; nullopt
    after a complaint, which is ExitCode::usage. */
std::optional<PostgresUrl> migration_database_of(CommandCall& call);

/** Complains. What only another command line mends is usage. */
ExitCode migration_failed(CommandCall& call, const Error& error);

}  // namespace holdfast::cli
