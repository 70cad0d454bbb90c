#include "protection/database_pin.h"

#include <fmt/format.h>

namespace holdfast {
namespace {

constexpr std::string_view kWhatToDo =
    "look at both with holdfast cluster show, and only if this is the right one now, stop the "
    "signer and run holdfast cluster accept";

RefuseDatabase another_database(const DatabaseIdentity& pinned, const DatabaseIdentity& found) {
  return {
      fmt::format("it is another database: its cluster id is {} ({}), this node is pinned to {} "
                  "({}). A node that changes its database forgets what the others signed; {}",
                  found.cluster_id, found.backend, pinned.cluster_id, pinned.backend, kWhatToDo)};
}

RefuseDatabase a_copy(const DatabaseIdentity& pinned, const DatabaseIdentity& found) {
  return {
      fmt::format("it is a copy on another server: it has the cluster id of the database that "
                  "this node is pinned to, but the system identifier {} and not {}. A restored "
                  "dump lacks what was signed since; {}",
                  found.system_identifier, pinned.system_identifier, kWhatToDo)};
}

RefuseDatabase an_old_primary(const DatabaseIdentity& pinned, const DatabaseIdentity& found) {
  return {
      fmt::format("it is on timeline {}, and this node has met timeline {} already: it is the "
                  "primary of before a failover, and must be stopped and rebuilt as a standby",
                  found.timeline, pinned.timeline)};
}

}  // namespace

DatabaseVerdict judge_database(const std::optional<DatabaseIdentity>& pinned, std::int64_t beat,
                               const DatabaseFacts& found) {
  if (!pinned) return AcceptDatabase{};
  const DatabaseIdentity& now = found.identity;
  if (now.backend != pinned->backend || now.cluster_id != pinned->cluster_id) {
    return another_database(*pinned, now);
  }
  if (now.system_identifier != pinned->system_identifier) return a_copy(*pinned, now);
  if (now.timeline < pinned->timeline) return an_old_primary(*pinned, now);
  if (!found.knows_newest_release || found.beat < beat) {
    return QuarantineDatabase{QuarantineReason::lost_commits};
  }
  if (now.timeline > pinned->timeline && !pinned->synchronous) {
    return QuarantineDatabase{QuarantineReason::new_timeline};
  }
  return AcceptDatabase{};
}

}  // namespace holdfast
