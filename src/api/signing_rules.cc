#include "api/signing_rules.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace holdfast {
namespace {

RpcError not_allowed(std::string message) {
  return {RpcErrorId::message_not_allowed, std::move(message), {}};
}

bool names(const SigningRules& rules, DutyType type) {
  return std::find(rules.harmless_duty_types.begin(), rules.harmless_duty_types.end(), type) !=
         rules.harmless_duty_types.end();
}

SignRoute harmless(const SigningRules& rules, DutyType type) {
  // A stock node sends no context, so in gated mode one that says "harmless" comes from elsewhere.
  if (rules.gating == Gating::on && !names(rules, type)) {
    return not_allowed(fmt::format(
        "{} is not signed in gated mode unless harmless_duty_types names it", name_of(type)));
  }
  return RouteHarmless{type};
}

SignRoute with_context(const SigningRules& rules, const SignParams& params) {
  const SigningContext& context = *params.context;
  if (!is_protected(context.duty_type)) return harmless(rules, context.duty_type);
  if (params.facts) {
    Result<void> fits = check_context(*params.facts, context);
    if (!fits) return invalid_params(std::move(fits).error());
  }
  const DutySigner signer{.rollup_address = rules.rollup_address,
                          .validator_address = params.address};
  Result<Duty> duty = duty_from_context(context, signer, params.message.message_hash);
  if (!duty) return invalid_params(std::move(duty).error());
  return RouteDuty{std::move(*duty)};
}

SignRoute gated(const SigningRules& rules, const SignParams& params) {
  if (!params.facts) {
    RouteGated route;
    if (names(rules, DutyType::auth_request)) route.without_row = DutyType::auth_request;
    return route;
  }
  switch (params.facts->data_class) {
    case TypedDataClass::duty:
      return RouteGated{};
    case TypedDataClass::txs:
      return harmless(rules, DutyType::txs);
    case TypedDataClass::unknown:
    case TypedDataClass::attester_exit:
      break;
  }
  return not_allowed("the typed data is not a message that an Aztec validator signs");
}

SignRoute attester_exit(const SigningRules& rules, const SignParams& params) {
  if (rules.attester_exit != AttesterExit::allow) {
    return not_allowed(
        "AttesterExit gives up the validator's stake; it is refused unless allow_attester_exit is "
        "set");
  }
  if (params.context) {
    return invalid_params({ErrorKind::invalid_input, "params[2]: AttesterExit has no context"});
  }
  return RouteAttesterExit{};
}

}  // namespace

SignRoute route_of(const SigningRules& rules, KeyRoles roles, const SignParams& params) {
  if (!roles.attester && !roles.publisher) {
    return RpcError{RpcErrorId::unknown_address,
                    fmt::format("this node has no key of {}", to_text(params.address)),
                    {}};
  }
  if (!roles.attester) {
    return RpcError{RpcErrorId::key_role,
                    fmt::format("{} is a publisher key, which signs transactions only",
                                to_text(params.address)),
                    {}};
  }
  if (params.facts && params.facts->data_class == TypedDataClass::attester_exit) {
    return attester_exit(rules, params);
  }
  if (params.context) return with_context(rules, params);
  if (rules.gating == Gating::on) return gated(rules, params);
  return RpcError{RpcErrorId::context_required,
                  "an attester key signs nothing without a signing context: give the duty as third "
                  "parameter, for instance {\"dutyType\":\"ATTESTATION\",\"slot\":\"100\","
                  "\"blockNumber\":\"50\"}, or run the signer in gated mode",
                  {}};
}

}  // namespace holdfast
