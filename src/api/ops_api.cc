#include "api/ops_api.h"

#include <array>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "telemetry/build_info.h"
#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

namespace json = boost::json;

constexpr std::array<Endpoint, 4> kEndpoints = {{
    {HttpMethod::get, "/status", "who this node is, its keys' addresses, its database, its duties"},
    {HttpMethod::get, "/livez", "200 while the process lives"},
    {HttpMethod::get, "/readyz", "200 while this node can sign, 503 and the reasons otherwise"},
    {HttpMethod::get, "/metrics", "Prometheus text format"},
}};
constexpr const Endpoint& kStatus = kEndpoints[0];
constexpr const Endpoint& kLivez = kEndpoints[1];
constexpr const Endpoint& kReadyz = kEndpoints[2];
constexpr const Endpoint& kMetrics = kEndpoints[3];

json::string_view text(std::string_view view) {
  return {view.data(), view.size()};
}

HttpResponse json_response(unsigned status, const json::object& body) {
  HttpResponse response;
  response.status = status;
  response.body = json::serialize(body) + "\n";
  return response;
}

json::array addresses(const std::vector<Address>& list) {
  json::array array;
  array.reserve(list.size());
  for (const Address& address : list) array.emplace_back(text(to_text(address)));
  return array;
}

/** To the millisecond, so that the text stays short. */
double rounded_seconds(std::chrono::nanoseconds duration) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(duration);
  return static_cast<double>(milliseconds.count()) / 1000.0;
}

json::object database(const StoreReport& report) {
  json::object object;
  object["state"] = report.up() ? "up" : "down";
  if (!report.up()) object["problem"] = text(report.problem);
  if (report.age) object["checkedSecondsAgo"] = rounded_seconds(*report.age);
  if (report.state) {
    const StoreState& state = *report.state;
    object["backend"] = text(state.backend);
    object["place"] = text(state.place);
    object["serverVersion"] = text(state.server_version);
    object["schemaVersion"] = state.schema_version;
    object["holdfastSchemaVersion"] = state.holdfast_schema_version;
    object["hardened"] = state.hardened;
  }
  return object;
}

/** The database that this node is pinned to; null before the first contact. */
json::value cluster(const ReleaseMemory& memory) {
  const std::optional<DatabaseIdentity>& pin = memory.memory().pin();
  if (!pin) return nullptr;
  json::object object;
  object["clusterId"] = text(pin->cluster_id);
  object["systemIdentifier"] = text(pin->system_identifier);
  object["timeline"] = pin->timeline;
  object["synchronous"] = pin->synchronous;
  object["beat"] = memory.beat();
  return object;
}

/** Null while nothing is refused by one. */
json::value quarantine(const ReleaseMemory& memory) {
  const Quarantine* const active = memory.active_quarantine();
  if (active == nullptr) return nullptr;
  json::array floors;
  for (const auto& [rollup, floor] : active->floors) {
    // A string, for a slot may exceed what a JavaScript number holds.
    floors.push_back(json::object{{"rollupAddress", text(to_text(rollup))},
                                  {"slot", std::to_string(floor.number())}});
  }
  return json::object{{"reason", text(name_of(active->reason))},
                      {"learning", active->learning},
                      {"floors", std::move(floors)}};
}

/** {"BLOCK_PROPOSAL":{"signed":5,...},...}: since the start, on this node, without zeros. */
json::object duties(const TelemetryObserver& observer) {
  json::object object;
  for (const DutyOutcomeCount& count : observer.counts()) {
    json::value& outcomes = object[text(name_of(count.duty_type))];
    if (!outcomes.is_object()) outcomes.emplace_object();
    outcomes.get_object()[text(name_of(count.outcome))] = count.count;
  }
  return object;
}

}  // namespace

OpsApi::OpsApi(OpsIdentity identity, const SigningService& service, const StoreHealth& health,
               const ReleaseMemory& memory, const KeyRing& keys, const TelemetryObserver& observer,
               const Clock& clock, Metrics& metrics)
    : identity_(std::move(identity)),
      service_(service),
      health_(health),
      memory_(memory),
      keys_(keys),
      observer_(observer),
      clock_(clock),
      metrics_(metrics),
      counter_(metrics, "ops"),
      started_(clock.now()) {
  metrics.gauge(metric::kBuildInfo, {build_version(), build_compiler()}).set(1);
}

Task<HttpResponse> OpsApi::handle(HttpRequest request) {
  co_return counter_.counted(answer(request));
}

HttpResponse OpsApi::answer(const HttpRequest& request) {
  if (is_for(request, kStatus)) return status();
  if (is_for(request, kReadyz)) return readiness();
  if (is_for(request, kLivez)) return json_response(200, json::object{{"alive", true}});
  if (is_for(request, kMetrics)) {
    metrics_.gauge(metric::kUptimeSeconds).set(uptime_seconds());
    metrics_.gauge(metric::kCallsInFlight).set(static_cast<double>(service_.calls_in_flight()));
    HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics_.exposition();
    return response;
  }
  return no_such_endpoint(request, kEndpoints);
}

HttpResponse OpsApi::status() const {
  const StoreReport report = health_.report();
  json::object body;
  body["nodeId"] = text(identity_.node_id);
  body["version"] = text(build_version());
  body["compiler"] = text(build_compiler());
  body["uptimeSeconds"] = uptime_seconds();
  body["ready"] = problems().empty();
  body["stopping"] = service_.stopping();
  body["rollupAddress"] = text(to_text(identity_.rollup_address));
  body["chainId"] = identity_.chain_id;
  body["gated"] = identity_.gating == Gating::on;
  body["attesters"] = addresses(keys_.attesters());
  body["publishers"] = addresses(keys_.publishers());
  body["database"] = database(report);
  body["cluster"] = cluster(memory_);
  body["quarantine"] = quarantine(memory_);
  body["callsInFlight"] = service_.calls_in_flight();
  body["duties"] = duties(observer_);
  return json_response(200, body);
}

HttpResponse OpsApi::readiness() const {
  const std::vector<std::string> reasons = problems();
  json::object body{{"ready", reasons.empty()}};
  if (!reasons.empty()) {
    json::array list;
    for (const std::string& reason : reasons) list.emplace_back(text(reason));
    body["reasons"] = std::move(list);
  }
  return json_response(reasons.empty() ? 200 : 503, body);
}

std::vector<std::string> OpsApi::problems() const {
  std::vector<std::string> reasons;
  if (service_.stopping()) reasons.emplace_back("this node is stopping");
  if (keys_.attesters().empty() && keys_.publishers().empty()) {
    reasons.emplace_back("no keys are loaded");
  }
  if (memory_.halted()) reasons.push_back(memory_.halted()->message);
  StoreReport report = health_.report();
  if (!report.up()) reasons.push_back("database: " + std::move(report.problem));
  return reasons;
}

double OpsApi::uptime_seconds() const {
  return rounded_seconds(clock_.now() - started_);
}

}  // namespace holdfast
