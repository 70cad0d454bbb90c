// SigningService: JSON-RPC in, JSON-RPC out. Takes a request apart, carries its calls out through
// the sign path and the key ring, and puts the answer together.
//
// The calls of a batch run at the same time, so that the store commits them together; their
// answers come in the order of the calls. What is in flight is bounded: beyond the bound a request
// is refused at once, and memory does not grow.
//
// Invariants: S5 (whatever is not a released signature is an error).
// Thread rule: the I/O thread.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/json_rpc.h"
#include "api/signing_rules.h"
#include "base/task.h"
#include "keys/key_ring.h"
#include "os/clock.h"
#include "signer/sign_path.h"
#include "signer/telemetry_observer.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace holdfast {

struct SigningServiceSettings {
  SigningRules rules;
  /** Of the transactions that publisher keys sign. */
  std::uint64_t chain_id = 1;
  /** How long a request may take; what is not signed by then is not signed. */
  std::chrono::milliseconds request_deadline{10000};
  /** Calls, and bytes of request bodies, that are worked on at once. */
  std::size_t calls_in_flight_max = 8192;
  std::size_t bytes_in_flight_max = std::size_t{64} << 20;
  RpcLimits limits;
};

/** What the caller gets: an HTTP status, and a body that is empty for notifications only. */
struct RpcAnswer {
  unsigned status = 200;
  std::string body;
};

enum class RpcMethod : std::uint8_t {
  /** Not one of ours. */
  other = 0,
  eth_accounts,
  eth_sign,
  eth_sign_typed_data,
  eth_sign_typed_data_v4,
  eth_sign_transaction,
};
inline constexpr std::size_t kRpcMethods = 6;

/** "eth_sign" and so on; "other". */
std::string_view name_of(RpcMethod method) noexcept;

class SigningService {
 public:
  /** All references outlive the service and every request in flight. */
  SigningService(SignPath& sign_path, KeyRing& keys, Clock& clock, TelemetryObserver& observer,
                 Metrics& metrics, const Logger& logger, SigningServiceSettings settings);

  /** Answers the body of a POST. `peer` is for the log. */
  Task<RpcAnswer> answer(std::string body, std::string peer);

  /** New requests are refused from now on; those in flight go on. */
  void stop() noexcept { stopping_ = true; }
  bool stopping() const noexcept { return stopping_; }

  std::size_t calls_in_flight() const noexcept { return calls_in_flight_; }

 private:
  /** JSON text of the result, or why there is none. */
  using Outcome = std::variant<RpcError, std::string>;
  struct Reply {
    std::string text;
    unsigned status = 200;
  };

  std::optional<RpcError> not_admitted(std::size_t calls, std::size_t bytes) const;
  Task<RpcAnswer> answer_admitted(RpcRequest request, std::string peer);
  Task<std::vector<Reply>> reply_to_all(std::vector<RpcCall> calls, std::string peer,
                                        MonotonicTime deadline);
  Task<Reply> reply_to(RpcCall call, std::string peer, MonotonicTime deadline);
  Task<Outcome> carry_out(RpcMethod method, RpcCall call, MonotonicTime deadline);
  Outcome accounts(const boost::json::array& params) const;
  Task<Outcome> sign_message(SignParams params, MonotonicTime deadline);
  Task<Outcome> sign_duty(Duty duty, SignableMessage message, MonotonicTime deadline);
  Task<Outcome> sign_gated(RouteGated route, SignParams params, MonotonicTime deadline);
  Task<Outcome> sign_without_lock(Address address, Result<HarmlessMessage> message);
  Task<Outcome> sign_transaction(boost::json::array params);
  void count(RpcMethod method, const Outcome& outcome);

  SignPath& sign_path_;
  KeyRing& keys_;
  Clock& clock_;
  TelemetryObserver& observer_;
  Metrics& metrics_;
  const Logger& logger_;
  SigningServiceSettings settings_;
  std::array<Counter*, kRpcMethods> ok_{};
  Histogram& seconds_;
  std::size_t calls_in_flight_ = 0;
  std::size_t bytes_in_flight_ = 0;
  bool stopping_ = false;
};

}  // namespace holdfast
