// Every metric of the daemon, in one place: docs/METRICS.md has the same list, and a test holds
// the two together. Label values are the names that logs and errors use.
#pragma once

#include <array>

#include "telemetry/metrics.h"

namespace holdfast {
namespace metric {

// Duties, through signer/telemetry_observer.h.
inline constexpr MetricSpec kDuties{"holdfast_duties_total", MetricType::counter,
                                    "duty_type,outcome",
                                    "Requests to sign a duty, by how they ended."};
inline constexpr MetricSpec kSignStepSeconds{
    "holdfast_sign_step_seconds", MetricType::histogram, "step",
    "Time of each step of the sign path: claim, sign, record, journal (what is left of it when the "
    "record is done), and total for released signatures."};
inline constexpr MetricSpec kSignErrors{
    "holdfast_sign_errors_total", MetricType::counter, "kind",
    "Sign requests that failed (not refused), by kind of error."};
inline constexpr MetricSpec kLockWaits{"holdfast_lock_waits_total", MetricType::counter,
                                       "duty_type",
                                       "Polls that found another node still signing the duty."};
inline constexpr MetricSpec kLockTakeOvers{"holdfast_lock_take_overs_total", MetricType::counter,
                                           "duty_type", "Abandoned locks that were taken over."};
inline constexpr MetricSpec kLockPins{
    "holdfast_lock_pins_total", MetricType::counter, "duty_type",
    "Locks pinned to their hash because a remote signer may have signed."};
inline constexpr MetricSpec kReplays{
    "holdfast_replays_total", MetricType::counter, "duty_type",
    "Identical messages that were answered with the stored signature."};

// The background work of the signer.
inline constexpr MetricSpec kCleanUps{"holdfast_clean_ups_total", MetricType::counter, "outcome",
                                      "Runs of the clean-up of this node's stuck duties."};
inline constexpr MetricSpec kStuckDutiesDeleted{
    "holdfast_stuck_duties_deleted_total", MetricType::counter, "",
    "Unsigned rows of this node that the clean-up deleted."};
inline constexpr MetricSpec kPrunes{"holdfast_prunes_total", MetricType::counter, "outcome",
                                    "Runs of the pruning of old duties, once an hour where it is "
                                    "on."};
inline constexpr MetricSpec kDutiesPruned{"holdfast_duties_pruned_total", MetricType::counter, "",
                                          "Old rows that this node pruned behind a watermark."};

// The node's own memory (S4, S8).
inline constexpr MetricSpec kQuarantines{
    "holdfast_quarantines_total", MetricType::counter, "reason",
    "Quarantines that began: the database may have lost commits."};
inline constexpr MetricSpec kQuarantineActive{"holdfast_quarantine_active", MetricType::gauge, "",
                                              "1 while duties are refused by a quarantine."};
inline constexpr MetricSpec kDatabasesRefused{
    "holdfast_databases_refused_total", MetricType::counter, "",
    "Databases that were met and are not the one that this node is pinned to."};
inline constexpr MetricSpec kNodeBeats{"holdfast_node_beats_total", MetricType::counter, "outcome",
                                       "Signs of life that this node wrote into the registry."};

// The store.
inline constexpr MetricSpec kStoreUp{
    "holdfast_store_up", MetricType::gauge, "",
    "1 when the last check of the store said that signing is possible."};
inline constexpr MetricSpec kStoreConnections{"holdfast_store_connections", MetricType::gauge, "",
                                              "Open connections to the store."};
inline constexpr MetricSpec kStoreConnectionsMax{"holdfast_store_connections_max",
                                                 MetricType::gauge, "",
                                                 "Most connections that the pool may open."};
inline constexpr MetricSpec kStoreConnectionsInUse{"holdfast_store_connections_in_use",
                                                   MetricType::gauge, "",
                                                   "Connections that have work in flight."};
inline constexpr MetricSpec kStoreWaiting{"holdfast_store_waiting", MetricType::gauge, "",
                                          "Store operations that wait for a connection."};
inline constexpr MetricSpec kStoreReconnects{
    "holdfast_store_reconnects_total", MetricType::counter, "",
    "Connections to the store that were lost and opened again."};
inline constexpr MetricSpec kStoreBatches{"holdfast_store_batches_total", MetricType::counter, "",
                                          "Batches that were committed in the store."};
inline constexpr MetricSpec kStoreBatchedOperations{"holdfast_store_batched_operations_total",
                                                    MetricType::counter, "",
                                                    "Operations in those batches."};

// The two listeners.
inline constexpr MetricSpec kHttpRequests{
    "holdfast_http_requests_total", MetricType::counter, "listener,status",
    "HTTP requests that were answered, by listener (signing, ops) and status."};
inline constexpr MetricSpec kRpcCalls{
    "holdfast_rpc_calls_total", MetricType::counter, "method,outcome",
    "JSON-RPC calls by method and outcome: ok, or the name of the error."};
inline constexpr MetricSpec kRpcSeconds{
    "holdfast_rpc_seconds", MetricType::histogram, "",
    "Time from a parsed signing request, or batch of them, to its answer."};
inline constexpr MetricSpec kCallsInFlight{"holdfast_calls_in_flight", MetricType::gauge, "",
                                           "JSON-RPC calls that are being worked on."};

// The process.
inline constexpr MetricSpec kKeys{"holdfast_keys", MetricType::gauge, "role",
                                  "Keys that are loaded, by role: attester, publisher."};
inline constexpr MetricSpec kUptimeSeconds{"holdfast_uptime_seconds", MetricType::gauge, "",
                                           "Time since the process became ready to be asked."};
inline constexpr MetricSpec kBuildInfo{
    "holdfast_build_info", MetricType::gauge, "version,compiler",
    "Always 1; what the program was built from is in the labels."};

}  // namespace metric

inline constexpr std::array kMetricCatalogue = {
    &metric::kDuties,
    &metric::kSignStepSeconds,
    &metric::kSignErrors,
    &metric::kLockWaits,
    &metric::kLockTakeOvers,
    &metric::kLockPins,
    &metric::kReplays,
    &metric::kCleanUps,
    &metric::kStuckDutiesDeleted,
    &metric::kPrunes,
    &metric::kDutiesPruned,
    &metric::kQuarantines,
    &metric::kQuarantineActive,
    &metric::kDatabasesRefused,
    &metric::kNodeBeats,
    &metric::kStoreUp,
    &metric::kStoreConnections,
    &metric::kStoreConnectionsMax,
    &metric::kStoreConnectionsInUse,
    &metric::kStoreWaiting,
    &metric::kStoreReconnects,
    &metric::kStoreBatches,
    &metric::kStoreBatchedOperations,
    &metric::kHttpRequests,
    &metric::kRpcCalls,
    &metric::kRpcSeconds,
    &metric::kCallsInFlight,
    &metric::kKeys,
    &metric::kUptimeSeconds,
    &metric::kBuildInfo,
};

}  // namespace holdfast
