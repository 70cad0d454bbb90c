#include "store/postgres/postgres_health.h"

#include <string_view>

#include "store/postgres/sync_session.h"

namespace holdfast {
namespace {

/** pg_stat_database and the number of rows of pg_stat_replication are shown to every role. */
constexpr std::string_view kQuestion =
    "SELECT current_setting('server_version_num')::int, current_setting('server_version'), "
    "current_setting('TimeZone'), current_setting('fsync') = 'on', "
    "current_setting('full_page_writes') = 'on', current_setting('synchronous_commit'), "
    "(SELECT count(*) FROM pg_stat_replication), "
    "current_setting('synchronous_standby_names') <> '', "
    "current_setting('max_connections')::int - "
    "current_setting('superuser_reserved_connections')::int, "
    "(SELECT coalesce(sum(numbackends), 0) FROM pg_stat_database), current_user, "
    "(SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) OR "
    "EXISTS (SELECT FROM pg_class c WHERE c.oid IN (to_regclass('validator_duties'), "
    "to_regclass('holdfast_ledger'), to_regclass('holdfast_watermark')) AND "
    "pg_has_role(current_user, c.relowner, 'USAGE'))";

}  // namespace

Result<PostgresHealth> read_postgres_health(const PostgresUrl& url) {
  SyncSession session(url);
  const PgRows rows = session.run(kQuestion);
  if (!session.ok()) return session.error();
  PostgresHealth health;
  health.version = rows.number(0, 0);
  health.version_text = rows.text(0, 1);
  health.time_zone = rows.text(0, 2);
  health.fsync = rows.yes(0, 3);
  health.full_page_writes = rows.yes(0, 4);
  health.synchronous_commit = rows.text(0, 5);
  health.standbys = rows.number(0, 6);
  health.synchronous = rows.yes(0, 7);
  health.connections_max = rows.number(0, 8);
  health.connections = rows.number(0, 9);
  health.role = rows.text(0, 10);
  health.role_can_undo = rows.yes(0, 11);
  return health;
}

}  // namespace holdfast
