// SignerNode: the parts of a signer, wired: sign path, clean-up, health, the two listeners.
//
// Invariants: every part outlives what refers to it, by the order of the members; S5 at the stop:
// what is in flight is finished or refused, and nothing is released after the store is closed.
// Thread rule: the I/O thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "api/ops_api.h"
#include "api/signing_api.h"
#include "api/signing_service.h"
#include "api/store_health.h"
#include "base/result.h"
#include "base/task.h"
#include "cli/settings.h"
#include "cli/store_place.h"
#include "http/server.h"
#include "keys/node_keys.h"
#include "os/clock.h"
#include "os/io_runtime.h"
#include "os/random.h"
#include "os/secret.h"
#include "signer/clean_up.h"
#include "signer/node_presence.h"
#include "signer/release_memory.h"
#include "signer/sign_path.h"
#include "signer/telemetry_observer.h"
#include "store/duty_store.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace holdfast::cli {

/** Two observers as one. */
class ObserverPair final : public SignObserver {
 public:
  /** Both outlive the pair; `second` may be null. */
  ObserverPair(SignObserver& first, SignObserver* second) : first_(first), second_(second) {}

  void on_step(SignStep step, const Duty& duty, std::chrono::nanoseconds elapsed) override;
  void on_wait(const Duty& duty, std::string_view node_id) override;
  void on_take_over(const Duty& duty, std::string_view from_node_id) override;
  void on_replay(const Duty& duty) override;
  void on_refusal(const Refusal& refusal) override;
  void on_pinned(const Duty& duty) override;
  void on_error(const Duty& duty, const Error& error) override;

 private:
  SignObserver& first_;
  SignObserver* second_;
};

/** What a node stands on; all of it outlives the node. */
struct SignerGround {
  IoRuntime& runtime;
  Clock& clock;
  RandomSource& random;
  const Logger& logger;
  Metrics& metrics;
  ReleaseMemory& memory;
  const Settings& settings;
  SignObserver* extra_observer = nullptr;
};

/** What a node owns from its start. */
struct SignerParts {
  OpenedStore store;
  std::unique_ptr<NodeKeys> keys;
  std::optional<Secret> bearer_token;
  /** --accept-new-journal */
  NewJournal new_journal = NewJournal::refuse;
};

class SignerNode {
 public:
  /** The settings must be without signer_problems. Nothing is started yet. */
  SignerNode(SignerGround ground, SignerParts parts);
  SignerNode(const SignerNode&) = delete;
  SignerNode& operator=(const SignerNode&) = delete;

  /** Registers the node: what NodePresence::enter says. Before start(). */
  Task<Result<void>> enter() { return presence_.enter(); }

  /** Opens both listeners and starts the work in the background. The error names the address or
      the file. */
  Result<void> start();

  /** True once the health of the store is known, so that /readyz tells the truth. */
  bool health_is_known() const { return health_.report().age.has_value(); }

  /** "http://127.0.0.1:9000", with the port that it really has. CHECKs that it is started. */
  std::string signing_address() const;
  std::string ops_address() const;

  /** Refuses what is new, gives what is in flight until `grace` is over, then ends all
      connections. Once, after a start that succeeded or not. */
  Task<void> stop(std::chrono::milliseconds grace);

 private:
  Result<std::unique_ptr<HttpServer>> start_signing_server();
  Result<std::unique_ptr<HttpServer>> start_ops_server();

  SignerGround ground_;
  Metrics& metrics_;
  std::unique_ptr<DutyStore> store_;
  std::unique_ptr<NodeKeys> keys_;
  TelemetryObserver telemetry_;
  ObserverPair observer_;
  SignPath sign_path_;
  NodePresence presence_;
  CleanUp clean_up_;
  StoreHealth health_;
  SigningService service_;
  SigningApi signing_api_;
  OpsApi ops_api_;
  std::unique_ptr<HttpServer> signing_server_;
  std::unique_ptr<HttpServer> ops_server_;
};

}  // namespace holdfast::cli
