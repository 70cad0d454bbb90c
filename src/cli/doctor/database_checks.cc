#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/doctor/check_lines.h"

namespace holdfast::cli {
namespace {

constexpr std::int64_t kOldestServer = 120000;

bool is_utc(std::string_view zone) {
  return zone == "UTC" || zone == "Etc/UTC" || zone == "GMT" || zone == "Etc/GMT";
}

Check check_durability(const PostgresHealth& health) {
  if (!health.fsync) {
    return failed("durability", "fsync is off: a crash of the server loses what was signed",
                  "set fsync = on in postgresql.conf and restart PostgreSQL");
  }
  if (!health.full_page_writes) {
    return warning("durability", "full_page_writes is off: a power failure can tear pages",
                   "set full_page_writes = on, unless the file system writes pages as a whole");
  }
  const std::string& commit = health.synchronous_commit;
  if (commit == "off" || commit == "local") {
    return warning(
        "durability",
        fmt::format("synchronous_commit is {}: Holdfast's own sessions turn it on, stock "
                    "Aztec nodes do not",
                    commit),
        "set synchronous_commit = on");
  }
  return ok("durability", fmt::format("fsync on, synchronous_commit {}", commit));
}

Check check_replication(const PostgresHealth& health) {
  if (!health.synchronous) {
    if (health.standbys == 0) return ok("replication", "no standby streams from this server");
    return warning("replication",
                   fmt::format("{} standby(s), none of them synchronous: a failover may lose "
                               "commits, and every node then goes into quarantine",
                               health.standbys),
                   "set synchronous_standby_names, and synchronous_commit to on");
  }
  if (health.standbys == 0) {
    return failed("replication", "commits wait for a standby, and none streams",
                  "repair the standby; until then nothing is signed");
  }
  if (health.synchronous_commit == "remote_write") {
    return warning("replication",
                   "synchronous_commit is remote_write: the standby may lose what it was sent",
                   "set synchronous_commit = on");
  }
  return ok("replication", fmt::format("{} standby(s), synchronous", health.standbys));
}

Check check_connections(const PostgresHealth& health, std::int64_t wanted) {
  const std::string found = fmt::format("{} of {} open; the nodes' pools may take {}",
                                        health.connections, health.connections_max, wanted);
  if (wanted > health.connections_max) {
    return warning("connections", found, "raise max_connections, or lower VALIDATOR_HA_POOL_MAX");
  }
  if (health.connections * 10 >= health.connections_max * 9) {
    return warning("connections", found, "raise max_connections, or find out who holds so many");
  }
  return ok("connections", found);
}

std::string seen(const NodeRecord& node) {
  return fmt::format("{} was seen {} s ago", describe(node), node.last_seen.count() / 1000);
}

void check_shared_publishers(const std::string& node_id, const std::vector<Address>& publishers,
                             const std::vector<NodeRecord>& nodes, Checks& checks) {
  // Without a node id nobody knows which of them is this one.
  if (node_id.empty()) return;
  for (const NodeRecord& node : nodes) {
    if (node.node_id == node_id) continue;
    const std::optional<Address> publisher = shared_publisher(publishers, node);
    if (!publisher) continue;
    checks.push_back(failed(
        "nodes", fmt::format("the publisher {} is on {} too", to_text(*publisher), describe(node)),
        "give every node publishers of its own"));
  }
}

}  // namespace

Checks check_schema(const StoreState& state, bool is_gated) {
  Checks checks;
  checks.push_back(
      ok("database",
         fmt::format("{} {}, server {}, schema {}, Holdfast's {}", state.backend, state.place,
                     state.server_version, state.schema_version, state.holdfast_schema_version)));
  if (state.hardened) {
    checks.push_back(ok("hardened", "yes"));
  } else if (is_gated) {
    checks.push_back(failed("hardened", "no, by choice: a gated signer does not start",
                            "holdfast migrate-ha-db up --harden"));
  } else {
    checks.push_back(warning("hardened", "no, by choice: what other programs delete is forgotten",
                             "holdfast migrate-ha-db up --harden"));
  }
  return checks;
}

Checks check_server(const PostgresHealth& health, std::int64_t connections_wanted) {
  Checks checks;
  if (health.version < kOldestServer) {
    checks.push_back(
        failed("server_version", health.version_text, "upgrade to PostgreSQL 12 or later"));
  } else {
    checks.push_back(ok("server_version", health.version_text));
  }
  checks.push_back(check_durability(health));
  checks.push_back(check_replication(health));
  if (is_utc(health.time_zone)) {
    checks.push_back(ok("time_zone", health.time_zone));
  } else {
    checks.push_back(warning(
        "time_zone",
        fmt::format("{}: Aztec's columns have no zone, so ages are wrong for stock nodes when the "
                    "clocks change",
                    health.time_zone),
        "with all nodes stopped: ALTER DATABASE ... SET timezone TO 'UTC'"));
  }
  checks.push_back(check_connections(health, connections_wanted));
  if (health.role_can_undo) {
    checks.push_back(warning("role",
                             fmt::format("{} owns the tables or is a superuser, and could take "
                                         "the protection away",
                                         health.role),
                             "connect as a role that holdfast migrate-ha-db grant made"));
  } else {
    checks.push_back(ok("role", health.role));
  }
  return checks;
}

Checks check_nodes(const std::string& node_id, const std::vector<Address>& publishers,
                   const std::vector<NodeRecord>& nodes) {
  Checks checks;
  std::vector<std::string> alive;
  std::vector<std::string> versions;
  for (const NodeRecord& node : nodes) {
    if (is_alive(node)) {
      alive.push_back(node.node_id);
      if (std::find(versions.begin(), versions.end(), node.version) == versions.end()) {
        versions.push_back(node.version);
      }
    } else if (node.running) {
      checks.push_back(warning("nodes", seen(node) + " and did not stop by itself",
                               "is it down or cut off? /readyz of that node tells"));
    }
  }
  check_shared_publishers(node_id, publishers, nodes, checks);
  if (versions.size() > 1) {
    checks.push_back(
        warning("nodes", fmt::format("they run different versions: {}", fmt::join(versions, ", ")),
                "upgrade all of them"));
  }
  const std::string found =
      fmt::format("{} of {} alive: {}", alive.size(), nodes.size(), fmt::join(alive, ", "));
  if (alive.size() < 2) {
    checks.push_back(warning("nodes", alive.empty() ? "none is alive" : found,
                             "nobody takes over when a node dies: start another one"));
  } else {
    checks.push_back(ok("nodes", found));
  }
  return checks;
}

Checks check_locks(const std::vector<DutyRow>& signing, std::int64_t now_ms,
                   std::chrono::milliseconds stuck_age) {
  std::size_t pinned = 0;
  std::size_t stuck = 0;
  for (const DutyRow& row : signing) {
    if (!row.error_message.empty()) {
      ++pinned;
    } else if (now_ms - row.started_at_ms > stuck_age.count()) {
      ++stuck;
    }
  }
  Checks checks;
  if (pinned > 0) {
    checks.push_back(warning(
        "locks", fmt::format("{} pinned: a remote signer was asked and did not answer", pinned),
        "holdfast duties list --status signing; look at the remote signer"));
  }
  if (stuck > 0) {
    checks.push_back(
        warning("locks", fmt::format("{} older than VALIDATOR_HA_MAX_STUCK_DUTIES_AGE_MS", stuck),
                "each node cleans up its own: does the node that they name run?"));
  }
  if (checks.empty()) checks.push_back(ok("locks", fmt::format("{} under way", signing.size())));
  return checks;
}

Check check_distribution(const std::vector<DutyCount>& last_hour,
                         const std::vector<NodeRecord>& nodes) {
  std::int64_t total = 0;
  for (const DutyCount& count : last_hour) total += count.signed_count;
  if (total == 0) return ok("duties", "none was signed in the last hour");
  std::vector<std::string> without;
  for (const NodeRecord& node : nodes) {
    const bool has_signed =
        std::any_of(last_hour.begin(), last_hour.end(), [&](const DutyCount& count) {
          return count.node_id == node.node_id && count.signed_count > 0;
        });
    if (is_alive(node) && !has_signed) without.push_back(node.node_id);
  }
  const std::string found = fmt::format("{} signed in the last hour", total);
  if (without.empty()) return ok("duties", found);
  return warning("duties", fmt::format("{}, none of them by {}", found, fmt::join(without, ", ")),
                 "it may always come second: holdfast duties distribution, and its log");
}

}  // namespace holdfast::cli
