#include "api/rpc_error.h"

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/example_duty.h"

namespace holdfast {
namespace {

boost::json::value rendered(const RpcError& error) {
  std::string text;
  append_error(text, error);
  return boost::json::parse(text);
}

TEST(RpcErrors, have_codes_and_names_of_their_own) {
  std::set<int> codes;
  std::set<std::string_view> names;
  for (std::size_t at = 0; at < kRpcErrors.size(); ++at) {
    EXPECT_EQ(static_cast<std::size_t>(kRpcErrors[at].id), at);
    EXPECT_TRUE(codes.insert(kRpcErrors[at].code).second) << kRpcErrors[at].name;
    EXPECT_TRUE(names.insert(kRpcErrors[at].name).second) << kRpcErrors[at].name;
    EXPECT_LE(kRpcErrors[at].code, -32000);
    EXPECT_GE(kRpcErrors[at].code, -32768);
  }
}

TEST(RpcErrors, are_those_of_the_documentation) {
  std::ifstream file(HOLDFAST_VECTORS "/../../docs/API.md");
  ASSERT_TRUE(file) << "docs/API.md cannot be read";
  std::vector<std::string> documented;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("| -32", 0) == 0) documented.push_back(line);
  }
  std::vector<std::string> known;
  for (const RpcErrorSpec& spec : kRpcErrors) {
    known.push_back(fmt::format("| {} | `{}` | {} | {} |", spec.code, spec.name, spec.http_status,
                                spec.meaning));
  }
  std::sort(documented.begin(), documented.end());
  std::sort(known.begin(), known.end());
  EXPECT_EQ(documented, known);
}

TEST(RpcErrors, are_those_of_the_openrpc_file) {
  std::ifstream file(HOLDFAST_VECTORS "/../../docs/openrpc.json");
  ASSERT_TRUE(file) << "docs/openrpc.json cannot be read";
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const boost::json::value document = boost::json::parse(text);
  const boost::json::object& errors = document.at("components").at("errors").as_object();
  EXPECT_EQ(errors.size(), kRpcErrors.size());
  for (const RpcErrorSpec& spec : kRpcErrors) {
    const boost::json::value* error = errors.if_contains(spec.name);
    ASSERT_NE(error, nullptr) << spec.name;
    EXPECT_EQ(error->at("code").as_int64(), spec.code) << spec.name;
    EXPECT_EQ(error->at("message").as_string(), spec.meaning) << spec.name;
  }
}

TEST(RpcErrors, carry_the_evidence_of_a_conflict) {
  Refusal refusal{.reason = RefusalReason::slashing_protection,
                  .key = test::example_duty().key,
                  .attempted_hash = test::hash_of(0xaa),
                  .existing_hash = test::hash_of(0xbb),
                  .node_id = "node \"b\"",
                  .watermark = {}};
  refusal.key.slot = Slot(9223372036854775807);
  const boost::json::value error = rendered(error_of_refusal(refusal));
  EXPECT_EQ(error.at("code").as_int64(), -32002);
  EXPECT_EQ(error.at("message").as_string(), message_of(refusal));
  const boost::json::value& data = error.at("data");
  EXPECT_EQ(data.at("name").as_string(), "SlashingProtectionError");
  EXPECT_EQ(data.at("dutyType").as_string(), "BLOCK_PROPOSAL");
  EXPECT_EQ(data.at("slot").as_string(), "9223372036854775807");
  EXPECT_EQ(data.at("blockIndexWithinCheckpoint").as_int64(), 0);
  EXPECT_EQ(data.at("validatorAddress").as_string(), "0x" + std::string(40, '2'));
  EXPECT_EQ(data.at("rollupAddress").as_string(), "0x" + std::string(40, '1'));
  EXPECT_EQ(data.at("attemptedMessageHash").as_string(), "0x" + std::string(64, 'a'));
  EXPECT_EQ(data.at("existingMessageHash").as_string(), "0x" + std::string(64, 'b'));
  EXPECT_EQ(data.at("signedByNode").as_string(), "node \"b\"");
  EXPECT_FALSE(data.as_object().contains("watermark"));
}

TEST(RpcErrors, carry_the_watermark) {
  const Refusal refusal{.reason = RefusalReason::below_watermark,
                        .key = test::example_duty().key,
                        .attempted_hash = test::hash_of(0xaa),
                        .existing_hash = {},
                        .node_id = {},
                        .watermark = Slot(120)};
  const boost::json::value error = rendered(error_of_refusal(refusal));
  EXPECT_EQ(error.at("data").at("watermark").as_string(), "120");
  EXPECT_FALSE(error.at("data").as_object().contains("signedByNode"));
  EXPECT_FALSE(error.at("data").as_object().contains("existingMessageHash"));
}

TEST(RpcErrors, leave_the_duty_out_where_it_was_never_found) {
  Refusal refusal{.reason = RefusalReason::no_signing_lock,
                  .key = {},
                  .attempted_hash = test::hash_of(0xaa),
                  .existing_hash = {},
                  .node_id = {},
                  .watermark = {}};
  refusal.key.validator_address = test::filled_with<Address>(0x22);
  const boost::json::value error = rendered(error_of_refusal(refusal));
  EXPECT_EQ(error.at("data").at("name").as_string(), "NoSigningLockError");
  EXPECT_FALSE(error.at("data").as_object().contains("dutyType"));
  EXPECT_FALSE(error.at("data").as_object().contains("slot"));
  EXPECT_TRUE(error.at("data").as_object().contains("validatorAddress"));
}

TEST(RpcErrors, have_the_name_of_their_refusal) {
  for (const RefusalReason reason :
       {RefusalReason::unknown, RefusalReason::duty_already_signed,
        RefusalReason::slashing_protection, RefusalReason::signing_in_progress,
        RefusalReason::signing_lock_lost, RefusalReason::below_watermark,
        RefusalReason::no_signing_lock}) {
    EXPECT_EQ(spec_of(rpc_error_of(reason)).name, error_name_of(reason));
  }
}

TEST(RpcErrors, follow_the_kind_of_a_failure) {
  const auto name = [](ErrorKind kind) { return spec_of(rpc_error_of(kind)).name; };
  EXPECT_EQ(name(ErrorKind::unknown), "InternalError");
  EXPECT_EQ(name(ErrorKind::invalid_input), "SignerError");
  EXPECT_EQ(name(ErrorKind::unavailable), "UnavailableError");
  EXPECT_EQ(name(ErrorKind::timeout), "DeadlineExceededError");
  EXPECT_EQ(name(ErrorKind::in_doubt), "InDoubtError");
  EXPECT_EQ(name(ErrorKind::overloaded), "OverloadedError");
  EXPECT_EQ(name(ErrorKind::schema_mismatch), "StoreError");
  EXPECT_EQ(name(ErrorKind::corrupt), "StoreError");
  EXPECT_EQ(name(ErrorKind::not_found), "StoreError");
  EXPECT_EQ(name(ErrorKind::permission_denied), "StoreError");
}

}  // namespace
}  // namespace holdfast
