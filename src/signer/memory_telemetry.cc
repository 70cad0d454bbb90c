#include "signer/memory_telemetry.h"

#include <utility>

#include <fmt/format.h>

#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

constexpr std::string_view kModule = "slashing-protection";

}  // namespace

std::string floors_text(const Quarantine& quarantine) {
  if (quarantine.learning) return "every slot, until it is known how far the others had come";
  std::string text;
  for (const auto& [rollup, floor] : quarantine.floors) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{} up to slot {}", to_text(rollup), floor.number());
  }
  return text.empty() ? "no slot" : text;
}

MemoryTelemetry::MemoryTelemetry(Metrics& metrics, const Logger& logger, std::string node_id)
    : metrics_(metrics), logger_(logger), node_id_(std::move(node_id)) {
  metrics_.gauge(metric::kQuarantineActive).set(0);
}

void MemoryTelemetry::on_database_accepted(const DatabaseIdentity& identity) {
  logger_.log(LogLevel::info, kModule, "This node is pinned to its database",
              {{"nodeId", node_id_},
               {"clusterId", identity.cluster_id},
               {"systemIdentifier", identity.system_identifier},
               {"timeline", identity.timeline},
               {"synchronous", std::string_view(identity.synchronous ? "yes" : "no")}});
}

void MemoryTelemetry::on_database_refused(const DatabaseIdentity& identity,
                                          const std::string& why) {
  metrics_.counter(metric::kDatabasesRefused).add();
  logger_.log(LogLevel::error, kModule, "Refused a database: " + why,
              {{"nodeId", node_id_},
               {"clusterId", identity.cluster_id},
               {"systemIdentifier", identity.system_identifier},
               {"timeline", identity.timeline}});
}

void MemoryTelemetry::on_quarantine_begun(const Quarantine& quarantine) {
  metrics_.counter(metric::kQuarantines, {name_of(quarantine.reason)}).add();
  metrics_.gauge(metric::kQuarantineActive).set(1);
  logger_.log(LogLevel::error, kModule,
              "Quarantine: the database may have lost commits, so what others signed is not known. "
              "It ends by itself when duties of higher slots come",
              {{"nodeId", node_id_}, {"reason", name_of(quarantine.reason)}});
}

void MemoryTelemetry::on_quarantine_learned(const Quarantine& quarantine) {
  logger_.log(LogLevel::warn, kModule,
              "Quarantine: these slots are refused: " + floors_text(quarantine),
              {{"nodeId", node_id_}, {"reason", name_of(quarantine.reason)}});
}

void MemoryTelemetry::on_quarantine_ended(const Quarantine& quarantine) {
  metrics_.gauge(metric::kQuarantineActive).set(0);
  logger_.log(LogLevel::info, kModule, "The quarantine has ended: duties above it are signed again",
              {{"nodeId", node_id_}, {"reason", name_of(quarantine.reason)}});
}

void MemoryTelemetry::on_quarantine_goes_on(const Quarantine& quarantine) {
  metrics_.gauge(metric::kQuarantineActive).set(1);
  logger_.log(LogLevel::warn, kModule,
              "Quarantine goes on from an earlier run; refused: " + floors_text(quarantine),
              {{"nodeId", node_id_}, {"reason", name_of(quarantine.reason)}});
}

}  // namespace holdfast
