#include "api/transaction_params.h"

#include <ostream>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

constexpr const char* kFrom = "\"0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266\"";
constexpr const char* kTo = "\"0x603bb2c05d474794ea97805e8de69bccfb3bca12\"";
const std::string kVersionedHash = "\"0x01" + std::string(62, 'a') + "\"";

/** A transaction with `more` members at its end. */
std::string with(const std::string& more) {
  return fmt::format(R"([{{"from":{},"to":{},"nonce":"0x1","gas":"0x5208","maxFeePerGas":"0x2",)"
                     R"("maxPriorityFeePerGas":"0x1"{}}}])",
                     kFrom, kTo, more);
}

Result<TransactionParams> read(const std::string& params, std::uint64_t chain_id = 1) {
  return transaction_params(boost::json::parse(params).as_array(), chain_id);
}

std::string blob(std::size_t bytes, char digit = '0') {
  return "\"0x" + std::string(2 * bytes, digit) + "\"";
}

TEST(TransactionParams, fills_in_no_value_and_no_data_only) {
  const auto read_back = read(with(""), 31337);
  ASSERT_TRUE(read_back) << read_back.error().message;
  const Transaction& transaction = read_back->transaction;
  EXPECT_EQ(transaction.chain_id, 31337u);
  EXPECT_EQ(transaction.nonce, 1u);
  EXPECT_EQ(transaction.gas, 21000u);
  EXPECT_EQ(transaction.value, Uint256{});
  EXPECT_TRUE(transaction.data.empty());
  EXPECT_TRUE(transaction.blob_versioned_hashes.empty());
  EXPECT_FALSE(transaction.max_fee_per_blob_gas);
}

TEST(TransactionParams, takes_null_as_absent) {
  const auto create = read(
      fmt::format(R"([{{"from":{},"to":null,"data":"0x60","value":null,"nonce":"0x1","gas":"0x1",)"
                  R"("maxFeePerGas":"0x2","maxPriorityFeePerGas":"0x1"}}])",
                  kFrom));
  ASSERT_TRUE(create) << create.error().message;
  EXPECT_FALSE(create->transaction.to);
}

struct Row {
  const char* name;
  std::string params;
  /** What the error names; empty: accepted. */
  std::string error;
};
std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << row.name;
}

class TransactionParamsTable : public testing::TestWithParam<Row> {};

TEST_P(TransactionParamsTable, is_kept) {
  const auto result = read(GetParam().params);
  if (GetParam().error.empty()) {
    EXPECT_TRUE(result) << result.error().message;
  } else {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::invalid_input);
    EXPECT_NE(result.error().message.find(GetParam().error), std::string::npos)
        << result.error().message;
  }
}

std::string blobs(const std::string& hashes, const std::string& list) {
  return with(fmt::format(R"(,"maxFeePerBlobGas":"0x1","blobVersionedHashes":[{}],"blobs":[{}])",
                          hashes, list));
}

INSTANTIATE_TEST_SUITE_P(
    All, TransactionParamsTable,
    testing::Values(
        Row{"plain", with(""), ""}, Row{"none", "[]", "params"}, Row{"two", "[{},{}]", "params"},
        Row{"text", "[\"0x\"]", "params"}, Row{"empty", "[{}]", "from"},
        Row{"unknown_key", with(R"(,"gasPrice":"0x1")"), "gasPrice"},
        Row{"same_chain", with(R"(,"chainId":"0x1")"), ""},
        Row{"other_chain", with(R"(,"chainId":"0x2")"), "chainId"},
        Row{"chain_as_number", with(R"(,"chainId":1)"), "chainId"},
        Row{"type_2", with(R"(,"type":"0x2")"), ""},
        Row{"type_0", with(R"(,"type":"0x0")"), "type"},
        Row{"type_3_without_blobs", with(R"(,"type":"0x3")"), "type"},
        Row{"empty_access_list", with(R"(,"accessList":[])"), ""},
        Row{"access_list", with(R"(,"accessList":[{}])"), "accessList"},
        Row{"value_not_hex", with(R"(,"value":"12")"), "value"},
        Row{"value_empty_hex", with(R"(,"value":"0x")"), "value"},
        Row{"value_number", with(R"(,"value":1)"), "value"},
        Row{"value_largest", with(",\"value\":\"0x" + std::string(64, 'f') + "\""), ""},
        Row{"value_too_large", with(",\"value\":\"0x1" + std::string(64, '0') + "\""), "value"},
        Row{"data_odd", with(R"(,"data":"0x1")"), "data"},
        Row{"data_no_prefix", with(R"(,"data":"11")"), "data"},
        Row{"to_short",
            fmt::format(R"([{{"from":{},"to":"0x11","nonce":"0x1","gas":"0x1","maxFeePerGas":)"
                        R"("0x1","maxPriorityFeePerGas":"0x1"}}])",
                        kFrom),
            "to"},
        Row{"no_nonce",
            fmt::format(R"([{{"from":{},"gas":"0x1","maxFeePerGas":"0x1",)"
                        R"("maxPriorityFeePerGas":"0x1"}}])",
                        kFrom),
            "nonce"},
        Row{"nonce_too_large",
            fmt::format(R"([{{"from":{},"nonce":"0x10000000000000000","gas":"0x1",)"
                        R"("maxFeePerGas":"0x1","maxPriorityFeePerGas":"0x1"}}])",
                        kFrom),
            "nonce"},
        Row{"priority_above_fee",
            fmt::format(R"([{{"from":{},"to":{},"nonce":"0x1","gas":"0x1","maxFeePerGas":"0x1",)"
                        R"("maxPriorityFeePerGas":"0x2"}}])",
                        kFrom, kTo),
            "riority"},
        Row{"blob", blobs(kVersionedHash, blob(131072)), ""},
        Row{"blob_hashes_only",
            with(fmt::format(R"(,"maxFeePerBlobGas":"0x1","blobVersionedHashes":[{}])",
                             kVersionedHash)),
            ""},
        Row{"blob_short", blobs(kVersionedHash, blob(131071)), "blobs[0]"},
        Row{"blob_long", blobs(kVersionedHash, blob(131073)), "blobs[0]"},
        Row{"blob_not_hex", blobs(kVersionedHash, blob(131072, 'g')), "blobs[0]"},
        Row{"blob_no_text", blobs(kVersionedHash, "1"), "blobs[0]"},
        Row{"fewer_blobs", blobs(kVersionedHash, ""), "blobs"},
        Row{"more_blobs", blobs(kVersionedHash, blob(131072) + "," + blob(131072)), "blobs"},
        Row{"hash_short", blobs("\"0x01\"", blob(131072)), "blobVersionedHashes[0]"},
        Row{"hash_of_another_version", blobs("\"0x02" + std::string(62, 'a') + "\"", blob(131072)),
            "params[0]"},
        Row{"blob_without_blob_fee",
            with(fmt::format(R"(,"blobVersionedHashes":[{}])", kVersionedHash)), "params[0]"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace holdfast
