// OpsApi: the ops listener's requests: /status, /livez, /readyz, /metrics. Read-only; of the keys
// it tells their addresses and nothing else. Nothing here waits for a database.
//
// Thread rule: the I/O thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/http_replies.h"
#include "api/signing_service.h"
#include "api/store_health.h"
#include "base/task.h"
#include "http/message.h"
#include "keys/key_ring.h"
#include "os/clock.h"
#include "signer/release_memory.h"
#include "signer/telemetry_observer.h"
#include "telemetry/metrics.h"

namespace holdfast {

/** What does not change while the process lives. */
struct OpsIdentity {
  std::string node_id;
  RollupAddress rollup_address;
  std::uint64_t chain_id = 1;
  Gating gating = Gating::off;
};

class OpsApi {
 public:
  /** The uptime begins now. All references outlive the API. */
  OpsApi(OpsIdentity identity, const SigningService& service, const StoreHealth& health,
         const ReleaseMemory& memory, const KeyRing& keys, const TelemetryObserver& observer,
         const Clock& clock, Metrics& metrics);

  /** For HttpServer. */
  Task<HttpResponse> handle(HttpRequest request);

 private:
  HttpResponse answer(const HttpRequest& request);
  HttpResponse status() const;
  HttpResponse readiness() const;
  /** Why this node cannot sign; empty when it can. */
  std::vector<std::string> problems() const;
  double uptime_seconds() const;

  OpsIdentity identity_;
  const SigningService& service_;
  const StoreHealth& health_;
  const ReleaseMemory& memory_;
  const KeyRing& keys_;
  const TelemetryObserver& observer_;
  const Clock& clock_;
  Metrics& metrics_;
  AnswerCounter counter_;
  MonotonicTime started_;
};

}  // namespace holdfast
