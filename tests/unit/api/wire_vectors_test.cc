// What Aztec's RemoteSigner sends, byte for byte, gets the replies that it was recorded with.
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "api_world.h"

namespace holdfast {
namespace {

using test::ApiWorld;
using test::result_of;

boost::json::array vectors_of(const char* file_name) {
  std::ifstream file(std::string(HOLDFAST_VECTORS) + "/" + file_name);
  EXPECT_TRUE(file) << file_name;
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return boost::json::parse(text).at("vectors").as_array();
}

/** The recorded body, with an id where the recording has a placeholder. */
std::string with_id(const boost::json::value& request) {
  std::string body = request.at("body").as_string().c_str();
  const std::string placeholder = "{{8 random hex}}";
  if (const std::size_t at = body.find(placeholder); at != std::string::npos) {
    body.replace(at, placeholder.size(), "0a1b2c3d");
  }
  return body;
}

/** The row that a stock node would have inserted before it asked for this message. */
Duty duty_of_recorded(const boost::json::array& params) {
  Duty duty = test::example_duty();
  duty.key.rollup_address = test::example_rollup();
  duty.key.validator_address = test::address_of(test::kBoth);
  const std::string message = params[1].as_string().c_str();
  if (const auto hash = fixed_from_hex<MessageHash>(message)) {
    duty.message_hash = *hash;
    return duty;
  }
  const Result<TypedData> data = TypedData::parse(message);
  const TypedDataFacts facts = facts_of(*data);
  duty.message_hash.bytes = data->digest().bytes;
  duty.key.duty_type = *facts.duty_type;
  duty.key.slot = facts.slot.value_or(Slot(1));
  duty.key.block_index_within_checkpoint = kNoBlockIndex;
  return duty;
}

TEST(WireVectors, are_answered_as_aztecs_remote_signer_expects) {
  int answered = 0;
  const boost::json::array vectors = vectors_of("web3signer_wire.json");
  for (const boost::json::value& vector : vectors) {
    const std::string name = vector.at("name").as_string().c_str();
    const boost::json::value* request = vector.as_object().if_contains("request");
    if (request == nullptr || name.find("reply") != std::string::npos) continue;
    SCOPED_TRACE(name);
    SigningServiceSettings settings;
    settings.rules.gating = Gating::on;
    ApiWorld world(settings);
    const std::string body = with_id(*request);
    const boost::json::value sent = boost::json::parse(body);
    if (sent.at("method").as_string() != "eth_accounts") {
      ASSERT_TRUE(world.store.insert_stock_row(duty_of_recorded(sent.at("params").as_array()),
                                               "stock", "0123456789abcdef0123456789abcdef"));
    }
    const RpcAnswer answer = world.post(body);
    EXPECT_EQ(answer.status, 200u);
    ++answered;
    if (sent.at("method").as_string() == "eth_accounts") {
      const boost::json::value reply = boost::json::parse(answer.body);
      EXPECT_EQ(reply.at("id"), sent.at("id"));
      EXPECT_NE(result_of(reply).find(test::kBoth), std::string::npos);
      continue;
    }
    EXPECT_EQ(answer.body, "{\"jsonrpc\":\"2.0\",\"id\":\"0a1b2c3d\",\"result\":\"" +
                               std::string(vector.at("outcome").as_string().c_str()) + "\"}");
  }
  EXPECT_GE(answered, 5);
}

TEST(WireVectors, of_transactions_are_signed_as_recorded) {
  int answered = 0;
  const boost::json::array vectors = vectors_of("sign_tx.json");
  for (const boost::json::value& vector : vectors) {
    const boost::json::object& object = vector.as_object();
    const std::string name = vector.at("name").as_string().c_str();
    // The client leaves the access list out, so what it gets is another transaction; the blobs of
    // the placeholder are none.
    const boost::json::value* remote = object.if_contains("remote");
    if (remote == nullptr || !object.contains("signedRaw") ||
        vector.at("tx").as_object().contains("accessList") ||
        name.find("placeholder") != std::string::npos) {
      continue;
    }
    SCOPED_TRACE(name);
    SigningServiceSettings settings;
    settings.chain_id = vector.at("tx").at("chainId").to_number<std::uint64_t>();
    ApiWorld world(settings);
    const RpcAnswer answer = world.post(with_id(remote->at("request")));
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(result_of(boost::json::parse(answer.body)),
              std::string(vector.at("signedRaw").as_string().c_str()));
    ++answered;
  }
  EXPECT_GE(answered, 3);
}

TEST(WireVectors, of_a_blob_transaction_are_signed_once_their_blobs_are_real) {
  const boost::json::array vectors = vectors_of("sign_tx.json");
  for (const boost::json::value& vector : vectors) {
    if (vector.at("name").as_string() != "eip4844_blobs_placeholder") continue;
    SigningServiceSettings settings;
    settings.chain_id = 1;
    ApiWorld world(settings);
    const std::string recorded = with_id(vector.at("remote").at("request"));
    EXPECT_EQ(test::error_of(boost::json::parse(world.post(recorded).body)), "InvalidParamsError");
    boost::json::value body = boost::json::parse(recorded);
    const std::string blob = "0x" + std::string(262144, '0');
    body.at("params").at(0).at("blobs") = {blob, blob};
    const RpcAnswer answer = world.post(boost::json::serialize(body));
    EXPECT_EQ(result_of(boost::json::parse(answer.body)),
              std::string(vector.at("signedRaw").as_string().c_str()));
    return;
  }
  FAIL() << "the vector is not there";
}

TEST(Transactions, are_signed_by_publisher_keys_of_the_configured_chain_only) {
  ApiWorld world;
  const auto transaction = [](const char* from, const char* more) {
    return std::string("[{\"from\":\"") + from +
           "\",\"to\":\"0x603bb2c05d474794ea97805e8de69bccfb3bca12\",\"nonce\":\"0x0\",\"gas\":"
           "\"0x5208\",\"maxFeePerGas\":\"0x2\",\"maxPriorityFeePerGas\":\"0x1\"" +
           more + "}]";
  };
  const auto error = [&](const std::string& params) {
    return test::error_of(world.call("eth_signTransaction", params));
  };
  EXPECT_EQ(
      result_of(world.call("eth_signTransaction", transaction(test::kPublisher, ""))).substr(0, 4),
      "0x02");
  EXPECT_EQ(error(transaction(test::kAttester, "")), "KeyRoleError");
  EXPECT_EQ(error(transaction("0x1111111111111111111111111111111111111111", "")),
            "UnknownAddressError");
  EXPECT_EQ(error(transaction(test::kPublisher, ",\"chainId\":\"0x2\"")), "InvalidParamsError");
}

}  // namespace
}  // namespace holdfast
