// Bodies of signing requests: every one is taken apart or refused with an error that is one line of
// valid JSON, and none is signed without a context outside gated mode.
#include <string>
#include <variant>

#include <boost/json/value.hpp>

#include "api/json_rpc.h"
#include "api/sign_params.h"
#include "api/signing_rules.h"
#include "api/transaction_params.h"
#include "base/strict_json.h"
#include "fuzz_check.h"

namespace {

using namespace holdfast;

void check_invalid(const Error& error) {
  CHECK(error.kind == ErrorKind::invalid_input);
  fuzz::check_message(error.message);
}

/** An error as a client gets it. */
void check_reply(const std::string& id, const RpcError& error) {
  CHECK(parse_strict_json(error_reply(id, error)).has_value());
}

void check_route(const SignParams& params) {
  const KeyRoles attester{.attester = true, .publisher = false};
  const SigningRules rules;
  const SignRoute route = route_of(rules, attester, params);
  if (const auto* error = std::get_if<RpcError>(&route)) {
    check_reply("1", *error);
    return;
  }
  CHECK(params.context.has_value());
  CHECK(!std::holds_alternative<RouteGated>(route));
  CHECK(!std::holds_alternative<RouteAttesterExit>(route));
  if (const auto* duty = std::get_if<RouteDuty>(&route)) {
    CHECK(is_protected(duty->duty.key.duty_type));
    CHECK(duty->duty.key.slot.number() >= 0);
    CHECK(duty->duty.message_hash == params.message.message_hash);
  }
  const KeyRoles publisher{.attester = false, .publisher = true};
  CHECK(std::holds_alternative<RpcError>(route_of(rules, publisher, params)));
}

void check_call(const RpcCall& call) {
  if (!call.id.empty()) CHECK(parse_strict_json(result_reply(call.id, "null")).has_value());
  if (call.error) {
    check_reply(call.id, *call.error);
    return;
  }
  for (const Result<SignParams>& params :
       {eth_sign_params(call.params), typed_data_params(call.params)}) {
    if (params) {
      check_route(*params);
    } else {
      check_invalid(params.error());
    }
  }
  const Result<TransactionParams> transaction = transaction_params(call.params, 1);
  if (transaction) {
    CHECK(check_transaction(transaction->transaction).has_value());
    CHECK(transaction->transaction.chain_id == 1);
  } else {
    check_invalid(transaction.error());
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = parse_rpc(fuzz::text_of(data, size), RpcLimits{});
  if (const auto* error = std::get_if<RpcError>(&parsed)) {
    fuzz::check_message(error->message);
    check_reply("null", *error);
    return 0;
  }
  for (const RpcCall& call : std::get<RpcRequest>(parsed).calls) check_call(call);
  return 0;
}
