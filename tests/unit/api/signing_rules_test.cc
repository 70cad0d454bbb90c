#include "api/signing_rules.h"

#include <ostream>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "api_world.h"

namespace holdfast {
namespace {

enum class Message { opaque, block, txs, exit, unknown_data };

SignParams params_of(Message message, const char* context) {
  const auto array = [&](const std::string& text) {
    std::string json = "[\"" + std::string(test::kBoth) + "\"," + text;
    if (context != nullptr) json += "," + std::string(context);
    return boost::json::parse(json + "]").as_array();
  };
  switch (message) {
    case Message::opaque:
      return *eth_sign_params(array("\"" + std::string(test::kHash) + "\""));
    case Message::block:
      return *typed_data_params(array(test::rollup_typed_data("BlockProposal")));
    case Message::txs:
      return *typed_data_params(array(test::rollup_typed_data("SignedTxs")));
    case Message::exit:
      return *typed_data_params(array(test::attester_exit_typed_data()));
    case Message::unknown_data:
      return *typed_data_params(array(test::rollup_typed_data("Mail")));
  }
  return {};
}

std::string told(const SignRoute& route) {
  if (const auto* error = std::get_if<RpcError>(&route)) {
    return std::string(spec_of(error->id).name);
  }
  if (const auto* duty = std::get_if<RouteDuty>(&route)) return to_text(duty->duty.key);
  if (const auto* gated = std::get_if<RouteGated>(&route)) {
    return gated->without_row ? "gated or " + std::string(name_of(*gated->without_row)) : "gated";
  }
  if (const auto* harmless = std::get_if<RouteHarmless>(&route)) {
    return std::string(name_of(harmless->type));
  }
  return "exit";
}

constexpr const char* kBlockContext = test::kContext;
constexpr const char* kAuth = R"({"dutyType":"AUTH_REQUEST"})";
constexpr const char* kTxs = R"({"dutyType":"TXS"})";
constexpr const char* kBlock =
    "BLOCK_PROPOSAL slot 100 index 0 of 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";

struct Row {
  const char* name;
  Message message;
  const char* context;
  Gating gating;
  std::vector<DutyType> harmless;
  AttesterExit exit;
  const char* told;
};
std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << row.name;
}

class SigningRulesTable : public testing::TestWithParam<Row> {};

TEST_P(SigningRulesTable, is_kept) {
  const Row& row = GetParam();
  const SigningRules rules{.rollup_address = test::example_rollup(),
                           .gating = row.gating,
                           .harmless_duty_types = row.harmless,
                           .attester_exit = row.exit};
  EXPECT_EQ(told(route_of(rules, {.attester = true, .publisher = false},
                          params_of(row.message, row.context))),
            row.told);
}

constexpr auto kOff = Gating::off;
constexpr auto kOn = Gating::on;
constexpr auto kRefuse = AttesterExit::refuse;
constexpr auto kAllow = AttesterExit::allow;

INSTANTIATE_TEST_SUITE_P(
    All, SigningRulesTable,
    testing::Values(
        Row{"opaque_with_context", Message::opaque, kBlockContext, kOff, {}, kRefuse, kBlock},
        Row{"typed_with_context", Message::block, kBlockContext, kOff, {}, kRefuse, kBlock},
        Row{"context_in_gated_mode", Message::block, kBlockContext, kOn, {}, kRefuse, kBlock},
        Row{"opaque_without_context",
            Message::opaque,
            nullptr,
            kOff,
            {},
            kRefuse,
            "ContextRequiredError"},
        Row{"null_context_is_none",
            Message::opaque,
            "null",
            kOff,
            {},
            kRefuse,
            "ContextRequiredError"},
        Row{"typed_without_context",
            Message::block,
            nullptr,
            kOff,
            {},
            kRefuse,
            "ContextRequiredError"},
        Row{"txs_without_context",
            Message::txs,
            nullptr,
            kOff,
            {},
            kRefuse,
            "ContextRequiredError"},
        Row{"harmless_settings_need_gating",
            Message::opaque,
            nullptr,
            kOff,
            {DutyType::auth_request, DutyType::txs},
            kRefuse,
            "ContextRequiredError"},
        Row{"typed_data_of_another_duty",
            Message::block,
            R"({"dutyType":"ATTESTATION","slot":"1","blockNumber":"1"})",
            kOff,
            {},
            kRefuse,
            "InvalidParamsError"},
        Row{"unknown_typed_data_as_a_duty",
            Message::unknown_data,
            kBlockContext,
            kOff,
            {},
            kRefuse,
            "InvalidParamsError"},
        Row{"context_that_breaks_the_duty_rules",
            Message::opaque,
            R"({"dutyType":"BLOCK_PROPOSAL","slot":"1","blockNumber":"1"})",
            kOff,
            {},
            kRefuse,
            "InvalidParamsError"},
        Row{"auth_with_context", Message::opaque, kAuth, kOff, {}, kRefuse, "AUTH_REQUEST"},
        Row{"txs_with_context", Message::txs, kTxs, kOff, {}, kRefuse, "TXS"},
        Row{"auth_context_in_gated_mode",
            Message::opaque,
            kAuth,
            kOn,
            {},
            kRefuse,
            "MessageNotAllowedError"},
        Row{"auth_context_in_gated_mode_if_named",
            Message::opaque,
            kAuth,
            kOn,
            {DutyType::auth_request},
            kRefuse,
            "AUTH_REQUEST"},
        Row{"gated_opaque", Message::opaque, nullptr, kOn, {}, kRefuse, "gated"},
        Row{"gated_opaque_with_auth_named",
            Message::opaque,
            nullptr,
            kOn,
            {DutyType::auth_request},
            kRefuse,
            "gated or AUTH_REQUEST"},
        Row{"gated_opaque_with_txs_named",
            Message::opaque,
            nullptr,
            kOn,
            {DutyType::txs},
            kRefuse,
            "gated"},
        Row{"gated_typed",
            Message::block,
            nullptr,
            kOn,
            {DutyType::auth_request, DutyType::txs},
            kRefuse,
            "gated"},
        Row{"gated_txs",
            Message::txs,
            nullptr,
            kOn,
            {DutyType::auth_request},
            kRefuse,
            "MessageNotAllowedError"},
        Row{"gated_txs_if_named", Message::txs, nullptr, kOn, {DutyType::txs}, kRefuse, "TXS"},
        Row{"gated_unknown_typed_data",
            Message::unknown_data,
            nullptr,
            kOn,
            {DutyType::auth_request, DutyType::txs},
            kRefuse,
            "MessageNotAllowedError"},
        Row{"exit", Message::exit, nullptr, kOff, {}, kRefuse, "MessageNotAllowedError"},
        Row{"exit_gated",
            Message::exit,
            nullptr,
            kOn,
            {DutyType::auth_request, DutyType::txs},
            kRefuse,
            "MessageNotAllowedError"},
        Row{"exit_as_txs", Message::exit, kTxs, kOff, {}, kRefuse, "MessageNotAllowedError"},
        Row{"exit_as_a_duty",
            Message::exit,
            kBlockContext,
            kOff,
            {},
            kRefuse,
            "MessageNotAllowedError"},
        Row{"exit_allowed", Message::exit, nullptr, kOff, {}, kAllow, "exit"},
        Row{"exit_allowed_gated", Message::exit, nullptr, kOn, {}, kAllow, "exit"},
        Row{"exit_allowed_with_a_context",
            Message::exit,
            kTxs,
            kOff,
            {},
            kAllow,
            "InvalidParamsError"},
        Row{"exit_allowed_leaves_the_rest",
            Message::opaque,
            nullptr,
            kOff,
            {},
            kAllow,
            "ContextRequiredError"}),
    [](const auto& row) { return row.param.name; });

TEST(SigningRules, keep_publisher_keys_from_messages) {
  const SigningRules rules{.rollup_address = {},
                           .gating = Gating::on,
                           .harmless_duty_types = {DutyType::auth_request, DutyType::txs},
                           .attester_exit = AttesterExit::allow};
  const KeyRoles publisher{.attester = false, .publisher = true};
  for (const Message message : {Message::opaque, Message::block, Message::txs, Message::exit}) {
    EXPECT_EQ(told(route_of(rules, publisher, params_of(message, nullptr))), "KeyRoleError");
    EXPECT_EQ(told(route_of(rules, publisher, params_of(message, kAuth))), "KeyRoleError");
  }
}

TEST(SigningRules, know_no_key_of_a_strange_address) {
  EXPECT_EQ(told(route_of({}, {}, params_of(Message::opaque, kBlockContext))),
            "UnknownAddressError");
}

}  // namespace
}  // namespace holdfast
