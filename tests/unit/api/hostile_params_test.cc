// Parameters that are wrong, or meant to be: each is refused by name and leaves no row behind.
#include <ostream>

#include <gtest/gtest.h>

#include "api_world.h"

namespace holdfast {
namespace {

using test::ApiWorld;
using test::error_of;
using test::kBoth;
using test::kContext;
using test::kHash;
using test::kOtherHash;
using test::kPublisher;
using test::kSignature;
using test::result_of;

struct HostileRow {
  const char* name;
  const char* method;
  std::string params;
  const char* error;
};
std::ostream& operator<<(std::ostream& out, const HostileRow& row) {
  return out << row.name;
}

std::string sign_params(const std::string& address, const std::string& hash,
                        const std::string& context) {
  return "[\"" + address + "\",\"" + hash + "\"," + context + "]";
}
std::string slot_params(const std::string& slot) {
  return sign_params(kBoth, kHash,
                     "{\"dutyType\":\"ATTESTATION\",\"blockNumber\":1,\"slot\":" + slot + "}");
}
std::string index_params(const std::string& index) {
  return sign_params(kBoth, kHash,
                     "{\"dutyType\":\"BLOCK_PROPOSAL\",\"blockNumber\":1,\"slot\":1,"
                     "\"blockIndexWithinCheckpoint\":" +
                         index + "}");
}

class HostileParams : public testing::TestWithParam<HostileRow> {};

TEST_P(HostileParams, sign_nothing) {
  ApiWorld world;
  const boost::json::value reply = world.call(GetParam().method, GetParam().params);
  EXPECT_EQ(error_of(reply), GetParam().error) << boost::json::serialize(reply);
  auto rows = world.clock.run(world.store.list({}));
  ASSERT_TRUE(rows);
  EXPECT_TRUE(rows->empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, HostileParams,
    testing::Values(
        HostileRow{"unknown_method", "eth_sendTransaction", "[]", "MethodNotFoundError"},
        HostileRow{"method_of_other_case", "ETH_SIGN", "[]", "MethodNotFoundError"},
        HostileRow{"no_params", "eth_sign", "[]", "InvalidParamsError"},
        HostileRow{"one_param", "eth_sign", "[\"0x\"]", "InvalidParamsError"},
        HostileRow{"four_params", "eth_sign", "[1,2,3,4]", "InvalidParamsError"},
        HostileRow{"address_number", "eth_sign", "[1,2]", "InvalidParamsError"},
        HostileRow{"address_short", "eth_sign", sign_params("0x12", kHash, kContext),
                   "InvalidParamsError"},
        HostileRow{"address_bad_check_sum", "eth_sign",
                   sign_params("0xf39Fd6e51aad88f6f4ce6ab8827279cfffb92266", kHash, kContext),
                   "InvalidParamsError"},
        HostileRow{"address_unknown", "eth_sign",
                   sign_params("0x" + std::string(40, '9'), kHash, kContext),
                   "UnknownAddressError"},
        HostileRow{"hash_31_bytes", "eth_sign",
                   sign_params(kBoth, "0x" + std::string(62, 'a'), kContext), "InvalidParamsError"},
        HostileRow{"hash_33_bytes", "eth_sign",
                   sign_params(kBoth, "0x" + std::string(66, 'a'), kContext), "InvalidParamsError"},
        HostileRow{"hash_odd", "eth_sign",
                   sign_params(kBoth, "0x" + std::string(63, 'a'), kContext), "InvalidParamsError"},
        HostileRow{"hash_not_hex", "eth_sign",
                   sign_params(kBoth, "0x" + std::string(64, 'g'), kContext), "InvalidParamsError"},
        HostileRow{"hash_no_prefix", "eth_sign", sign_params(kBoth, std::string(66, 'a'), kContext),
                   "InvalidParamsError"},
        HostileRow{"hash_empty", "eth_sign", sign_params(kBoth, "", kContext),
                   "InvalidParamsError"},
        HostileRow{"hash_huge", "eth_sign",
                   sign_params(kBoth, "0x" + std::string(1 << 20, 'a'), kContext),
                   "InvalidParamsError"},
        HostileRow{"no_context", "eth_sign", "[\"" + std::string(kBoth) + "\",\"" + kHash + "\"]",
                   "ContextRequiredError"},
        HostileRow{"context_null", "eth_sign", sign_params(kBoth, kHash, "null"),
                   "ContextRequiredError"},
        HostileRow{"context_text", "eth_sign", sign_params(kBoth, kHash, "\"ATTESTATION\""),
                   "InvalidParamsError"},
        HostileRow{"slot_missing", "eth_sign",
                   sign_params(kBoth, kHash, R"({"dutyType":"ATTESTATION","blockNumber":1})"),
                   "InvalidParamsError"},
        HostileRow{"slot_negative", "eth_sign", slot_params("-1"), "InvalidParamsError"},
        HostileRow{"slot_negative_text", "eth_sign", slot_params("\"-1\""), "InvalidParamsError"},
        HostileRow{"slot_2_63", "eth_sign", slot_params("9223372036854775808"),
                   "InvalidParamsError"},
        HostileRow{"slot_2_63_text", "eth_sign", slot_params("\"9223372036854775808\""),
                   "InvalidParamsError"},
        HostileRow{"slot_exponent", "eth_sign", slot_params("1e2"), "InvalidParamsError"},
        HostileRow{"slot_fraction", "eth_sign", slot_params("1.0"), "InvalidParamsError"},
        HostileRow{"slot_hex", "eth_sign", slot_params("\"0x64\""), "InvalidParamsError"},
        HostileRow{"slot_null", "eth_sign", slot_params("null"), "InvalidParamsError"},
        HostileRow{
            "index_missing", "eth_sign",
            sign_params(kBoth, kHash, R"({"dutyType":"BLOCK_PROPOSAL","slot":1,"blockNumber":1})"),
            "InvalidParamsError"},
        HostileRow{"index_negative", "eth_sign", index_params("-1"), "InvalidParamsError"},
        HostileRow{"index_2_31", "eth_sign", index_params("2147483648"), "InvalidParamsError"},
        HostileRow{"vote_with_index", "eth_sign",
                   sign_params(kBoth, kHash,
                               R"({"dutyType":"GOVERNANCE_VOTE","slot":1,)"
                               R"("blockIndexWithinCheckpoint":0})"),
                   "InvalidParamsError"},
        HostileRow{"publisher_key", "eth_sign", sign_params(kPublisher, kHash, kContext),
                   "KeyRoleError"},
        HostileRow{"typed_data_number", "eth_signTypedData",
                   "[\"" + std::string(kBoth) + "\",5," + kContext + "]", "InvalidParamsError"},
        HostileRow{"typed_data_not_json", "eth_signTypedData",
                   sign_params(kBoth, "<html>", kContext), "InvalidParamsError"},
        HostileRow{"typed_data_empty", "eth_signTypedData", sign_params(kBoth, "{}", kContext),
                   "InvalidParamsError"},
        HostileRow{"typed_data_of_another_type", "eth_signTypedData",
                   "[\"" + std::string(kBoth) + "\"," +
                       test::rollup_typed_data("CheckpointProposal") + "," + kContext + "]",
                   "InvalidParamsError"},
        HostileRow{"attester_exit", "eth_signTypedData",
                   "[\"" + std::string(kBoth) + "\"," + test::attester_exit_typed_data() + "]",
                   "MessageNotAllowedError"}),
    [](const auto& row) { return row.param.name; });

struct LargeSlotRow {
  const char* name;
  const char* slot;
};
std::ostream& operator<<(std::ostream& out, const LargeSlotRow& row) {
  return out << row.name;
}

class LargeSlots : public testing::TestWithParam<LargeSlotRow> {};

// Reference 4.7 items 26, 108 and 110: no slot is rounded to its neighbour.
TEST_P(LargeSlots, are_duties_of_their_own) {
  ApiWorld world;
  const std::int64_t slot = std::stoll(GetParam().slot);
  const auto sign = [&](std::int64_t at, const char* hash) {
    return world.eth_sign(
        kBoth, hash,
        "{\"dutyType\":\"ATTESTATION\",\"blockNumber\":1,\"slot\":" + std::to_string(at) + "}");
  };
  EXPECT_EQ(result_of(sign(slot, kHash)), kSignature);
  EXPECT_EQ(result_of(sign(slot - 1, kOtherHash)).size(), 132u);
  const boost::json::value refused = sign(slot, kOtherHash);
  EXPECT_EQ(error_of(refused), "SlashingProtectionError");
  EXPECT_EQ(refused.at("error").at("data").at("slot").as_string(), GetParam().slot);
}

INSTANTIATE_TEST_SUITE_P(All, LargeSlots,
                         testing::Values(LargeSlotRow{"at_2_53", "9007199254740992"},
                                         LargeSlotRow{"above_2_53", "9007199254740993"},
                                         LargeSlotRow{"int64_max", "9223372036854775807"}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace holdfast
