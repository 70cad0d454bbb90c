#include "api/signing_service.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "api/sign_params.h"
#include "api/transaction_params.h"
#include "base/hex.h"
#include "base/quote.h"
#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

constexpr std::string_view kModule = "signing-api";

constexpr std::array<RpcMethod, kRpcMethods> kMethods = {
    RpcMethod::other,
    RpcMethod::eth_accounts,
    RpcMethod::eth_sign,
    RpcMethod::eth_sign_typed_data,
    RpcMethod::eth_sign_typed_data_v4,
    RpcMethod::eth_sign_transaction,
};

RpcMethod method_from_name(std::string_view name) noexcept {
  for (const RpcMethod method : kMethods) {
    if (method != RpcMethod::other && name == name_of(method)) return method;
  }
  return RpcMethod::other;
}

/** The bytes as a JSON string of hex. */
std::string hex_result(ByteView bytes) {
  const std::string hex = to_hex(bytes);
  std::string result;
  result.reserve(hex.size() + 2);
  result += '"';
  result += hex;
  result += '"';
  return result;
}

/** The bodies and calls of a request count as in flight for as long as this lives. */
class InFlight {
 public:
  InFlight(std::size_t& calls, std::size_t& bytes, std::size_t more_calls, std::size_t more_bytes)
      : calls_(calls), bytes_(bytes), more_calls_(more_calls), more_bytes_(more_bytes) {
    calls_ += more_calls_;
    bytes_ += more_bytes_;
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() {
    calls_ -= more_calls_;
    bytes_ -= more_bytes_;
  }

 private:
  std::size_t& calls_;
  std::size_t& bytes_;
  std::size_t more_calls_;
  std::size_t more_bytes_;
};

RpcAnswer join(RpcShape shape, std::vector<std::pair<std::string, unsigned>> replies) {
  if (shape == RpcShape::single) {
    auto& [text, status] = replies.front();
    return {text.empty() ? 204 : status, std::move(text)};
  }
  std::string body = "[";
  for (const auto& [text, status] : replies) {
    if (text.empty()) continue;
    if (body.size() > 1) body += ',';
    body += text;
  }
  if (body.size() == 1) return {204, {}};
  body += ']';
  return {200, std::move(body)};
}

/** The answer to a request of which nothing is carried out. */
RpcAnswer refuse_all(const RpcRequest& request, const RpcError& error) {
  std::vector<std::pair<std::string, unsigned>> replies;
  for (const RpcCall& call : request.calls) {
    replies.emplace_back(error_reply(call.id.empty() ? "null" : call.id, error), 200u);
  }
  RpcAnswer answer = join(request.shape, std::move(replies));
  answer.status = spec_of(error.id).http_status;
  return answer;
}

}  // namespace

std::string_view name_of(RpcMethod method) noexcept {
  switch (method) {
    case RpcMethod::other:
      return "other";
    case RpcMethod::eth_accounts:
      return "eth_accounts";
    case RpcMethod::eth_sign:
      return "eth_sign";
    case RpcMethod::eth_sign_typed_data:
      return "eth_signTypedData";
    case RpcMethod::eth_sign_typed_data_v4:
      return "eth_signTypedData_v4";
    case RpcMethod::eth_sign_transaction:
      return "eth_signTransaction";
  }
  return "other";
}

SigningService::SigningService(SignPath& sign_path, KeyRing& keys, Clock& clock,
                               TelemetryObserver& observer, Metrics& metrics, const Logger& logger,
                               SigningServiceSettings settings)
    : sign_path_(sign_path),
      keys_(keys),
      clock_(clock),
      observer_(observer),
      metrics_(metrics),
      logger_(logger),
      settings_(std::move(settings)),
      seconds_(metrics.histogram(metric::kRpcSeconds)) {
  for (const RpcMethod method : kMethods) {
    ok_[static_cast<std::size_t>(method)] =
        &metrics.counter(metric::kRpcCalls, {name_of(method), "ok"});
  }
}

Task<RpcAnswer> SigningService::answer(std::string body, std::string peer) {
  // Before the body is parsed: what is refused for being too much must not cost much.
  if (std::optional<RpcError> error = not_admitted(1, body.size())) {
    co_return RpcAnswer{spec_of(error->id).http_status, error_reply("null", *error)};
  }
  std::variant<RpcError, RpcRequest> parsed = parse_rpc(body, settings_.limits);
  if (const auto* error = std::get_if<RpcError>(&parsed)) {
    metrics_.counter(metric::kRpcCalls, {name_of(RpcMethod::other), spec_of(error->id).name}).add();
    co_return RpcAnswer{spec_of(error->id).http_status, error_reply("null", *error)};
  }
  RpcRequest request = std::get<RpcRequest>(std::move(parsed));
  const std::size_t calls = request.calls.size();
  if (std::optional<RpcError> error = not_admitted(calls, body.size())) {
    co_return refuse_all(request, *error);
  }
  const InFlight in_flight(calls_in_flight_, bytes_in_flight_, calls, body.size());
  const MonotonicTime started = clock_.now();
  // The calls hold what they need of it.
  body = {};
  RpcAnswer answer = co_await answer_admitted(std::move(request), std::move(peer));
  seconds_.observe(clock_.now() - started);
  co_return answer;
}

std::optional<RpcError> SigningService::not_admitted(std::size_t calls, std::size_t bytes) const {
  if (stopping_) {
    return RpcError{RpcErrorId::stopping, "this node is stopping; ask another", {}};
  }
  const bool too_much = calls_in_flight_ + calls > settings_.calls_in_flight_max ||
                        bytes_in_flight_ + bytes > settings_.bytes_in_flight_max;
  if (!too_much) return std::nullopt;
  return RpcError{RpcErrorId::overloaded, "too many requests are in flight; try again", {}};
}

Task<RpcAnswer> SigningService::answer_admitted(RpcRequest request, std::string peer) {
  const MonotonicTime deadline = clock_.now() + settings_.request_deadline;
  std::vector<std::pair<std::string, unsigned>> replies;
  if (request.shape == RpcShape::single) {
    Reply reply = co_await reply_to(std::move(request.calls.front()), std::move(peer), deadline);
    replies.emplace_back(std::move(reply.text), reply.status);
    co_return join(request.shape, std::move(replies));
  }
  std::vector<Reply> all =
      co_await reply_to_all(std::move(request.calls), std::move(peer), deadline);
  for (Reply& reply : all) replies.emplace_back(std::move(reply.text), reply.status);
  co_return join(request.shape, std::move(replies));
}

Task<std::vector<SigningService::Reply>> SigningService::reply_to_all(std::vector<RpcCall> calls,
                                                                      std::string peer,
                                                                      MonotonicTime deadline) {
  enum class AllDone : std::uint8_t { no = 0, yes };
  std::vector<Reply> replies(calls.size());
  std::size_t left = calls.size();
  const auto begin_all = [&](auto finish) {
    for (std::size_t at = 0; at < calls.size(); ++at) {
      const auto keep = [&replies, &left, at, finish](Reply reply) {
        replies[at] = std::move(reply);
        if (--left == 0) finish(AllDone::yes);
      };
      start(reply_to(std::move(calls[at]), peer, deadline), keep);
    }
  };
  auto all_done = from_callback<AllDone>(begin_all);
  const AllDone done = co_await all_done;
  CHECK(done == AllDone::yes);
  co_return replies;
}

Task<SigningService::Reply> SigningService::reply_to(RpcCall call, std::string peer,
                                                     MonotonicTime deadline) {
  const RpcMethod method = method_from_name(call.method);
  const bool notification = call.id.empty();
  std::string id = notification ? "null" : call.id;
  Outcome outcome;
  if (call.error) {
    outcome = std::move(*call.error);
  } else if (notification && (method == RpcMethod::other || method == RpcMethod::eth_accounts)) {
    co_return Reply{};
  } else if (notification) {
    // The specification wants no answer here, but a signature that nobody gets would spend the
    // duty, and a client that forgot the id should hear of it.
    outcome = RpcError{RpcErrorId::invalid_request,
                       "id: is missing; a request that wants no answer is not signed",
                       {}};
  } else {
    outcome = co_await carry_out(method, std::move(call), deadline);
  }
  count(method, outcome);
  if (const auto* error = std::get_if<RpcError>(&outcome)) {
    const RpcErrorSpec& spec = spec_of(error->id);
    logger_.log(LogLevel::verbose, kModule, "Request not signed",
                {{"method", name_of(method)},
                 {"error", spec.name},
                 {"message", error->message},
                 {"peer", peer}});
    co_return Reply{error_reply(id, *error), spec.http_status};
  }
  co_return Reply{result_reply(id, std::get<std::string>(outcome)), 200};
}

Task<SigningService::Outcome> SigningService::carry_out(RpcMethod method, RpcCall call,
                                                        MonotonicTime deadline) {
  switch (method) {
    case RpcMethod::other:
      break;
    case RpcMethod::eth_accounts:
      co_return accounts(call.params);
    case RpcMethod::eth_sign:
    case RpcMethod::eth_sign_typed_data:
    case RpcMethod::eth_sign_typed_data_v4: {
      Result<SignParams> params = method == RpcMethod::eth_sign ? eth_sign_params(call.params)
                                                                : typed_data_params(call.params);
      if (!params) co_return invalid_params(std::move(params).error());
      co_return co_await sign_message(std::move(*params), deadline);
    }
    case RpcMethod::eth_sign_transaction:
      co_return co_await sign_transaction(std::move(call.params));
  }
  co_return RpcError{RpcErrorId::method_not_found,
                     fmt::format("no method {}; the methods are eth_accounts, eth_sign, "
                                 "eth_signTypedData, eth_signTypedData_v4, eth_signTransaction",
                                 quoted(call.method)),
                     {}};
}

SigningService::Outcome SigningService::accounts(const boost::json::array& params) const {
  if (!params.empty()) {
    return RpcError{RpcErrorId::invalid_params, "params: eth_accounts takes none", {}};
  }
  std::string result = "[";
  const auto add = [&result](const Address& address) {
    if (result.size() > 1) result += ',';
    result += '"';
    result += to_text(address);
    result += '"';
  };
  for (const Address& address : keys_.attesters()) add(address);
  for (const Address& address : keys_.publishers()) {
    if (!keys_.is_attester(address)) add(address);
  }
  result += ']';
  return result;
}

Task<SigningService::Outcome> SigningService::sign_message(SignParams params,
                                                           MonotonicTime deadline) {
  const KeyRoles roles{.attester = keys_.is_attester(params.address),
                       .publisher = keys_.is_publisher(params.address)};
  SignRoute route = route_of(settings_.rules, roles, params);
  if (auto* error = std::get_if<RpcError>(&route)) co_return std::move(*error);
  if (auto* to_duty = std::get_if<RouteDuty>(&route)) {
    co_return co_await sign_duty(std::move(to_duty->duty), std::move(params.message), deadline);
  }
  if (const auto* to_gated = std::get_if<RouteGated>(&route)) {
    co_return co_await sign_gated(*to_gated, std::move(params), deadline);
  }
  if (const auto* harmless = std::get_if<RouteHarmless>(&route)) {
    Result<HarmlessMessage> message =
        HarmlessMessage::from_context(harmless->type, std::move(params.message), params.facts);
    co_return co_await sign_without_lock(params.address, std::move(message));
  }
  logger_.log(LogLevel::warn, kModule, "Signing an AttesterExit, as the configuration allows",
              {{"attester", to_text(params.address)}});
  Result<HarmlessMessage> exit =
      HarmlessMessage::attester_exit(std::move(params.message), *params.facts);
  co_return co_await sign_without_lock(params.address, std::move(exit));
}

Task<SigningService::Outcome> SigningService::sign_duty(Duty duty, SignableMessage message,
                                                        MonotonicTime deadline) {
  SignOutcome signing = co_await sign_path_.sign(duty, std::move(message), deadline);
  if (const auto* released = std::get_if<Released>(&signing)) {
    co_return hex_result(released->signature.view());
  }
  if (const auto* refusal = std::get_if<Refusal>(&signing)) co_return error_of_refusal(*refusal);
  Error& error = std::get<Error>(signing);
  const RpcErrorId id = rpc_error_of(error.kind);
  co_return error_of_failure(id, std::move(error), &duty);
}

Task<SigningService::Outcome> SigningService::sign_gated(RouteGated route, SignParams params,
                                                         MonotonicTime deadline) {
  SignOutcome signing = co_await sign_path_.sign_gated(
      settings_.rules.rollup_address, params.address, params.message, deadline, params.facts);
  if (const auto* released = std::get_if<Released>(&signing)) {
    co_return hex_result(released->signature.view());
  }
  if (auto* error = std::get_if<Error>(&signing)) {
    const RpcErrorId id = rpc_error_of(error->kind);
    co_return error_of_failure(id, std::move(*error), nullptr);
  }
  const Refusal& refusal = std::get<Refusal>(signing);
  if (refusal.reason != RefusalReason::no_signing_lock || !route.without_row) {
    co_return error_of_refusal(refusal);
  }
  Result<HarmlessMessage> message =
      HarmlessMessage::from_context(*route.without_row, std::move(params.message), params.facts);
  co_return co_await sign_without_lock(params.address, std::move(message));
}

Task<SigningService::Outcome> SigningService::sign_without_lock(Address address,
                                                                Result<HarmlessMessage> message) {
  if (!message) co_return invalid_params(std::move(message).error());
  const DutyType type = message->type();
  std::variant<SignFailure, Signature> signing =
      co_await keys_.sign_harmless(address, std::move(*message));
  if (auto* failure = std::get_if<SignFailure>(&signing)) {
    observer_.on_harmless(type, DutyOutcome::error);
    co_return error_of_failure(RpcErrorId::signer, std::move(failure->error), nullptr);
  }
  observer_.on_harmless(type, DutyOutcome::signed_);
  co_return hex_result(std::get<Signature>(signing).view());
}

Task<SigningService::Outcome> SigningService::sign_transaction(boost::json::array params) {
  Result<TransactionParams> read = transaction_params(params, settings_.chain_id);
  if (!read) co_return invalid_params(std::move(read).error());
  const Address from = read->from;
  if (!keys_.is_publisher(from)) {
    if (!keys_.is_attester(from)) {
      co_return RpcError{RpcErrorId::unknown_address,
                         fmt::format("this node has no key of {}", to_text(from)),
                         {}};
    }
    co_return RpcError{
        RpcErrorId::key_role,
        fmt::format("{} is an attester key, which signs no transactions", to_text(from)),
        {}};
  }
  std::variant<SignFailure, Bytes> signing =
      co_await keys_.sign_transaction(from, std::move(read->transaction));
  if (auto* failure = std::get_if<SignFailure>(&signing)) {
    co_return error_of_failure(RpcErrorId::signer, std::move(failure->error), nullptr);
  }
  co_return hex_result(std::get<Bytes>(signing));
}

void SigningService::count(RpcMethod method, const Outcome& outcome) {
  if (const auto* error = std::get_if<RpcError>(&outcome)) {
    metrics_.counter(metric::kRpcCalls, {name_of(method), spec_of(error->id).name}).add();
  } else {
    ok_[static_cast<std::size_t>(method)]->add();
  }
}

}  // namespace holdfast
