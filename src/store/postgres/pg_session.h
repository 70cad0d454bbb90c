// What every new session is told, and what it must find before it may be used (S4 in part): a
// primary that can be written, and a schema that we know, with its triggers. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "store/postgres/pg_connection.h"
#include "store/postgres/pg_values.h"
#include "store/postgres/postgres_store.h"

namespace holdfast {

/** The text and parameters of the first statement: session settings, and what kind of server it
    is. */
std::string session_setup_text();
PgParams session_setup_params(const PgTimeouts& timeouts);

/** Judges the row of the first statement; the facts lack their versions still. */
Result<PgServerFacts> check_server(const PgRows& rows, const std::string& place);

/** The second statement, which is safe once check_server has seen the tables. */
std::string session_versions_text();

/** Judges the versions and completes the facts. */
Result<PgServerFacts> check_versions(PgServerFacts facts, const PgRows& rows);

}  // namespace holdfast
