// What `holdfast doctor` asks a PostgreSQL server besides what every session of a signer must find:
// nothing here stops a signer, and all of it decides how well its duties are protected.
//
// Thread rule: synchronous; from a command, never from the I/O thread of a signer.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "store/postgres/postgres_url.h"

namespace holdfast {

/** As a new session of the URL's role finds it, before Holdfast sets anything in it. */
struct PostgresHealth {
  /** 150020 is 15.20. */
  std::int64_t version = 0;
  std::string version_text;
  std::string time_zone;
  bool fsync = false;
  bool full_page_writes = false;
  std::string synchronous_commit;
  /** Standbys that stream now, and whether a commit waits for any. */
  std::int64_t standbys = 0;
  bool synchronous = false;
  /** Of the whole server, and how many of them are open; those for superusers are left out. */
  std::int64_t connections_max = 0;
  std::int64_t connections = 0;
  std::string role;
  /** The role owns the tables or is a superuser: it can take the triggers away. */
  bool role_can_undo = false;
};

/** The tables must be there. Errors never hold a password. */
Result<PostgresHealth> read_postgres_health(const PostgresUrl& url);

}  // namespace holdfast
