// What every new session is told, and what it must find before it may be used (S4): a primary that
// can be written, a schema that we know, with its triggers, and the database that the node is
// pinned to. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "store/database_watch.h"
#include "store/postgres/pg_connection.h"
#include "store/postgres/pg_values.h"
#include "store/postgres/postgres_store.h"

namespace holdfast {

/** The text and parameters of the first statement: session settings, and what kind of server it
    is. */
std::string session_setup_text();
PgParams session_setup_params(const PgTimeouts& timeouts);

/** Judges the row of the first statement; the facts lack their versions still, and `hardened` is
    whether the triggers are there. */
Result<PgServerFacts> check_server(const PgRows& rows, const std::string& place);

/** The second statement, which is safe once check_server has seen the tables. */
std::string session_versions_text();

/** Judges the versions and whether the triggers are there that must be; completes the facts. */
Result<PgServerFacts> check_versions(PgServerFacts facts, const PgRows& rows,
                                     const std::string& place);

/** The third: which database this is (S4), and whether it knows what the node knows. */
std::string meeting_text();
PgParams meeting_params(const DatabaseQuestion& question);

/** What the third statement found. */
struct PgMeeting {
  DatabaseFacts facts;
  /** The process that serves the session, as the server itself says. */
  std::int64_t backend_pid = 0;
  /** A condition that holds while the tables are those that were met: a statement that bears it
      writes nothing once they were dropped and made again, or another cluster's are there. */
  std::string same_tables;
  /** Equal for sessions of one server on one timeline with the same tables. */
  std::string history;
};
Result<PgMeeting> read_meeting(const PgRows& rows, const std::string& place);

}  // namespace holdfast
