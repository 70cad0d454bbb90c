// The wire, byte for byte as an Aztec node writes it, and what every kind of answer means.
#include "keys/web3signer_wire.h"

#include <array>
#include <map>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "crypto/uint256.h"
#include "support/example_duty.h"
#include "support/test_key.h"
#include "unit/keys/key_test_support.h"

namespace holdfast {
namespace {

namespace json = boost::json;

constexpr std::string_view kId = "0badc0de";

json::object vector_named(const std::string& name) {
  const json::value all = json::parse(test::read_vectors("web3signer_wire.json"));
  for (const json::value& vector : all.at("vectors").as_array()) {
    if (vector.at("name").as_string() == name) return vector.as_object();
  }
  throw std::runtime_error("no vector " + name);
}

/** The recorded body, with our id in the place of the random one. */
std::string recorded_body(const json::value& request) {
  std::string body(std::string_view(request.at("body").as_string()));
  const std::string placeholder = "{{8 random hex}}";
  const std::size_t at = body.find(placeholder);
  if (at != std::string::npos) body.replace(at, placeholder.size(), kId);
  return body;
}

Address asked_address() {
  return test::address_of("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
}

TEST(Web3SignerWire, writes_requests_for_signatures_byte_for_byte) {
  for (const char* name : {"eth_sign", "eth_signTypedData Vote", "eth_signTypedData Signal",
                           "eth_signTypedData v5 CheckpointAttestation"}) {
    const json::object vector = vector_named(name);
    const std::string body = recorded_body(vector.at("request"));
    const json::value sent = json::parse(body);
    const std::string payload(std::string_view(sent.at("params").at(1).as_string()));
    SignableMessage message;
    if (sent.at("method").as_string() == "eth_sign") {
      message.form = MessageForm::eth_sign;
      message.message_hash = *fixed_from_hex<MessageHash>(payload);
    } else {
      message.form = MessageForm::typed_data;
      message.typed_data_json = payload;
    }
    EXPECT_EQ(sign_body(asked_address(), message, kId), body) << name;
  }
  const json::object accounts = vector_named("validateAccess ok");
  EXPECT_EQ(eth_accounts_body(), recorded_body(accounts.at("request")));
}

TEST(Web3SignerWire, believes_the_recorded_signatures) {
  const json::object vector = vector_named("eth_sign");
  const std::string body = recorded_body(vector.at("request"));
  const json::value sent = json::parse(body);
  const SignableMessage message{
      MessageForm::eth_sign,
      *fixed_from_hex<MessageHash>(std::string_view(sent.at("params").at(1).as_string())), ""};
  const std::string hex(std::string_view(vector.at("outcome").as_string()));
  const std::string reply = fmt::format(R"({{"jsonrpc":"2.0","id":"{}","result":"{}"}})", kId, hex);
  const SignatureReply answer = read_signature(reply, kId, asked_address(), message.digest());
  ASSERT_TRUE(std::holds_alternative<Signature>(answer));
  EXPECT_EQ(to_hex(std::get<Signature>(answer).view()), hex);
}

std::optional<Transaction> transaction_of(const json::object& tx) {
  // Our requests always have data and value, and carry neither blobs nor access lists.
  if (!tx.contains("value") || !tx.contains("nonce") || tx.contains("accessList")) {
    return std::nullopt;
  }
  const auto number = [&](const char* field) {
    return *uint256_from_decimal(std::string_view(tx.at(field).as_string()));
  };
  Transaction transaction;
  transaction.chain_id = tx.at("chainId").to_number<std::uint64_t>();
  transaction.nonce = tx.at("nonce").to_number<std::uint64_t>();
  if (tx.at("to").is_string()) {
    transaction.to = test::address_of(std::string_view(tx.at("to").as_string()));
  }
  transaction.value = number("value");
  transaction.gas = *to_uint64(number("gas"));
  transaction.max_fee_per_gas = number("maxFeePerGas");
  transaction.max_priority_fee_per_gas = number("maxPriorityFeePerGas");
  if (const json::value* data = tx.if_contains("data")) {
    transaction.data = *bytes_from_hex(std::string_view(data->as_string()));
  }
  if (tx.contains("maxFeePerBlobGas"))
    transaction.max_fee_per_blob_gas = number("maxFeePerBlobGas");
  if (const json::value* hashes = tx.if_contains("blobVersionedHashes")) {
    for (const json::value& hash : hashes->as_array()) {
      transaction.blob_versioned_hashes.push_back(
          *fixed_from_hex<Hash256>(std::string_view(hash.as_string())));
    }
  }
  return transaction;
}

TEST(Web3SignerWire, writes_and_reads_transactions_as_recorded) {
  const json::value all = json::parse(test::read_vectors("sign_tx.json"));
  int compared = 0;
  for (const json::value& vector : all.at("vectors").as_array()) {
    SCOPED_TRACE(vector.at("name").as_string().c_str());
    const std::optional<Transaction> transaction = transaction_of(vector.at("tx").as_object());
    if (!transaction) continue;
    const std::string raw(std::string_view(vector.at("signedRaw").as_string()));
    const std::string reply = fmt::format(R"({{"result":"{}"}})", raw);
    const TransactionReply answer = read_transaction(reply, kId, asked_address(), *transaction);
    ASSERT_TRUE(std::holds_alternative<Bytes>(answer)) << std::get<BrokenReply>(answer).why;
    EXPECT_EQ(to_hex(std::get<Bytes>(answer)), raw);

    json::value sent = json::parse(recorded_body(vector.at("remote").at("request")));
    json::object& fields = sent.at("params").at(0).as_object();
    fields.erase("blobs");
    if (!fields.contains("data")) fields["data"] = "0x";
    EXPECT_EQ(json::parse(sign_transaction_body(asked_address(), *transaction, kId)), sent);
    ++compared;
  }
  EXPECT_GE(compared, 3);
}

TEST(Web3SignerWire, writes_a_contract_creation_byte_for_byte) {
  const json::value all = json::parse(test::read_vectors("sign_tx.json"));
  for (const json::value& vector : all.at("vectors").as_array()) {
    if (vector.at("name").as_string() != "eip1559_create") continue;
    EXPECT_EQ(
        sign_transaction_body(asked_address(), *transaction_of(vector.at("tx").as_object()), kId),
        recorded_body(vector.at("remote").at("request")));
    return;
  }
  FAIL() << "the vector is gone";
}

class Web3SignerReply : public testing::Test {
 protected:
  static SignableMessage message() {
    return SignableMessage{MessageForm::eth_sign, test::hash_of(0xaa), ""};
  }
  static Signature good() { return sign_digest(test::plain_key_one(), message().digest()); }
  static std::string hex_of(const Signature& signature) { return to_hex(signature.view()); }
  static std::string result(const std::string& value) {
    return fmt::format(R"({{"jsonrpc":"2.0","id":"{}","result":{}}})", kId, value);
  }
  static SignatureReply read(const std::string& body) {
    return read_signature(body, kId, test::address_one(), message().digest());
  }
};

TEST_F(Web3SignerReply, makes_every_accepted_form_canonical) {
  const std::string hex = hex_of(good());
  Signature v0 = good();
  v0.bytes[64] = static_cast<std::uint8_t>(v0.bytes[64] - 27);
  // n - s with the other v is the same signature to a verifier that is not strict.
  constexpr std::array<std::uint8_t, 32> kOrder = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
                                                   0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b,
                                                   0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
  Signature high = good();
  int borrow = 0;
  for (int i = 31; i >= 0; --i) {
    const auto at = static_cast<std::size_t>(i);
    int digit = kOrder[at] - high.bytes[32 + at] - borrow;
    borrow = digit < 0 ? 1 : 0;
    high.bytes[32 + at] = static_cast<std::uint8_t>(digit + 256 * borrow);
  }
  high.bytes[64] = static_cast<std::uint8_t>(55 - high.bytes[64]);
  const std::map<std::string, std::string> rows = {
      {"as it should be", result('"' + hex + '"')},
      {"without 0x", result('"' + hex.substr(2) + '"')},
      {"v 0 or 1", result('"' + hex_of(v0) + '"')},
      {"high s", result('"' + hex_of(high) + '"')},
      {"another id", R"({"id":"other","result":")" + hex + R"("})"},
      {"error null", R"({"error":null,"result":")" + hex + R"("})"},
  };
  for (const auto& [name, body] : rows) {
    const SignatureReply reply = read(body);
    ASSERT_TRUE(std::holds_alternative<Signature>(reply)) << name;
    EXPECT_EQ(std::get<Signature>(reply), good()) << name;
  }
}

TEST_F(Web3SignerReply, takes_everything_else_for_a_signer_that_may_have_signed) {
  const std::string hex = hex_of(good());
  std::array<std::uint8_t, 32> other_key{};
  other_key[31] = 2;
  Signature v29 = good();
  v29.bytes[64] = 29;
  const Signature of_other_key = sign_digest(other_key, message().digest());
  const Signature of_other_message = sign_digest(test::plain_key_one(), keccak256({}));
  const std::string error = R"("error":{"code":-32000,"message":"no"})";
  const std::map<std::string, std::string> rows = {
      {"empty", ""},
      {"no JSON", "<html>"},
      {"no object", "[]"},
      {"no result", R"({"jsonrpc":"2.0","id":1})"},
      {"result null", result("null")},
      {"result number", result("1")},
      {"no hex", result(R"("0xzz")")},
      {"64 bytes", result('"' + hex.substr(0, 130) + '"')},
      {"66 bytes", result('"' + hex + "00\"")},
      {"v 29", result('"' + hex_of(v29) + '"')},
      {"all zero", result('"' + hex_of(Signature{}) + '"')},
      {"another key", result('"' + hex_of(of_other_key) + '"')},
      {"another message", result('"' + hex_of(of_other_message) + '"')},
      {"result and error", R"({"result":"0x00",)" + error + "}"},
      {"the error of another request", R"({"id":"other",)" + error + "}"},
      {"error text", R"({"error":"no"})"},
      {"error without code", R"({"error":{"message":"no"}})"},
      {"twice the same key", R"({"result":"0x00","result":"0x00"})"},
  };
  for (const auto& [name, body] : rows) {
    EXPECT_TRUE(std::holds_alternative<BrokenReply>(read(body))) << name;
  }
}

TEST_F(Web3SignerReply, takes_a_clean_error_for_a_refusal_and_shows_it_shortened) {
  const std::string id = fmt::format(R"("id":"{}",)", kId);
  for (const std::string& with_id : {id, std::string(R"("id":null,)"), std::string()}) {
    const SignatureReply reply =
        read("{" + with_id + R"("error":{"code":-32000,"message":"duty\nalready signed"}})");
    ASSERT_TRUE(std::holds_alternative<RefusedReply>(reply)) << with_id;
    EXPECT_EQ(std::get<RefusedReply>(reply).why, "code -32000: duty?already signed");
  }
  EXPECT_EQ(shown_text(std::string(200, 'x')).size(), 200U);
  EXPECT_EQ(shown_text(std::string(201, 'x')), std::string(200, 'x') + "...");
}

TEST(Web3SignerTransaction, refuses_a_transaction_with_one_field_changed) {
  Transaction asked;
  asked.chain_id = 1;
  asked.nonce = 7;
  asked.gas = 21'000;
  asked.to = test::filled_with<Address>(0x33);
  asked.value = uint256_from(5);
  asked.data = {1, 2};
  asked.max_fee_per_gas = uint256_from(20);
  asked.max_priority_fee_per_gas = uint256_from(10);
  asked.max_fee_per_blob_gas = uint256_from(3);
  Hash256 blob = test::filled_with<Hash256>(0x44);
  blob.bytes[0] = 1;
  asked.blob_versioned_hashes = {blob};

  const auto reply_to = [&](const Transaction& was_signed) {
    const Bytes raw =
        serialize_signed(was_signed, sign_digest(test::plain_key_one(), signing_hash(was_signed)));
    return read_transaction(fmt::format(R"({{"result":"{}"}})", to_hex(raw)), kId,
                            test::address_one(), asked);
  };
  EXPECT_TRUE(std::holds_alternative<Bytes>(reply_to(asked)));

  std::map<std::string, Transaction> changed;
  for (const char* field : {"chainId", "nonce", "to", "value", "data", "gas", "maxFeePerGas",
                            "maxPriorityFeePerGas", "maxFeePerBlobGas", "blobVersionedHashes"}) {
    changed[field] = asked;
  }
  changed["chainId"].chain_id = 2;
  changed["nonce"].nonce = 8;
  changed["to"].to = test::filled_with<Address>(0x34);
  changed["value"].value = uint256_from(6);
  changed["data"].data = {1, 3};
  changed["gas"].gas = 21'001;
  changed["maxFeePerGas"].max_fee_per_gas = uint256_from(21);
  changed["maxPriorityFeePerGas"].max_priority_fee_per_gas = uint256_from(11);
  changed["maxFeePerBlobGas"].max_fee_per_blob_gas = uint256_from(4);
  changed["blobVersionedHashes"].blob_versioned_hashes.push_back(blob);
  for (const auto& [field, transaction] : changed) {
    const TransactionReply reply = reply_to(transaction);
    ASSERT_TRUE(std::holds_alternative<BrokenReply>(reply)) << field;
    EXPECT_EQ(std::get<BrokenReply>(reply).why,
              "it signed another " + field + " than it was asked to");
  }
  const TransactionReply other_key = [&] {
    std::array<std::uint8_t, 32> key{};
    key[31] = 2;
    const Bytes raw = serialize_signed(asked, sign_digest(key, signing_hash(asked)));
    return read_transaction(fmt::format(R"({{"result":"{}"}})", to_hex(raw)), kId,
                            test::address_one(), asked);
  }();
  EXPECT_TRUE(std::holds_alternative<BrokenReply>(other_key));
  for (const char* raw : {"\"0x\"", "\"0x02\"", "\"zz\"", "1", "null", "{}"}) {
    const TransactionReply reply =
        read_transaction(fmt::format(R"({{"result":{}}})", raw), kId, test::address_one(), asked);
    EXPECT_TRUE(std::holds_alternative<BrokenReply>(reply)) << raw;
  }
}

TEST(Web3SignerAccounts, reads_addresses_in_any_case_and_nothing_else) {
  const AccountsReply reply = read_accounts(fmt::format(
      R"({{"jsonrpc":"2.0","id":1,"result":["{}","{}"]}})", test::kRemote, test::kRemoteLower));
  ASSERT_TRUE(std::holds_alternative<std::vector<Address>>(reply));
  const auto& accounts = std::get<std::vector<Address>>(reply);
  ASSERT_EQ(accounts.size(), 2U);
  EXPECT_EQ(accounts[0], accounts[1]);
  for (const char* result : {"{}", "\"0x\"", "[1]", "[\"0x12\"]", "null"}) {
    EXPECT_TRUE(std::holds_alternative<BrokenReply>(
        read_accounts(fmt::format(R"({{"result":{}}})", result))))
        << result;
  }
  EXPECT_TRUE(std::holds_alternative<RefusedReply>(
      read_accounts(R"({"error":{"code":1,"message":"no"}})")));
}

}  // namespace
}  // namespace holdfast
