// What errors of a keystore say, and that nothing of what was read is left behind.
#include "keys/keystore_parser.h"

#include <algorithm>
#include <array>

#include <gtest/gtest.h>

#include "unit/keys/key_test_support.h"

namespace holdfast {
namespace {

using test::in_quotes;
using test::key_text;
using test::keystore2_json;
using test::keystore_json;
using test::validator_json;

const std::string kKey = key_text(0xaa);
const std::string kGood = in_quotes(kKey);

struct Refused {
  const char* name;
  std::string text;
  std::string message;
};
void PrintTo(const Refused& row, std::ostream* out) {
  *out << row.name;
}

class KeystoreRefusal : public testing::TestWithParam<Refused> {};

TEST_P(KeystoreRefusal, says_file_path_and_reason) {
  const Result<KeystoreFile> file = parse_keystore("dir/k.json", GetParam().text);
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().kind, ErrorKind::invalid_input);
  EXPECT_EQ(file.error().message, "dir/k.json: " + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, KeystoreRefusal,
    testing::Values(
        Refused{"not_an_object", "[]", "a keystore is an object, and this is a list"},
        Refused{"no_version", "{}", "'schemaVersion' is missing"},
        Refused{"version_0", R"({"schemaVersion":0})",
                "schemaVersion: the schema version must be 1 or 2"},
        Refused{"version_3", R"({"schemaVersion":3})",
                "schemaVersion: the schema version must be 1 or 2"},
        Refused{"version_1_with_coinbase", keystore_json("", R"(,"coinbase":null)"),
                "coinbase at the top level needs schemaVersion 2"},
        Refused{"unknown_field", keystore_json(validator_json(kGood, R"(,"fee":1)")),
                "validators[0]: unknown field 'fee'; the fields here are attester, coinbase, "
                "publisher, feeRecipient, remoteSigner, fundingAccount"},
        Refused{"key_as_field", keystore_json(validator_json("{" + kGood + ":1}")),
                "validators[0].attester: an unknown field whose name of 66 characters is not "
                "shown; the fields here are address, remoteSignerUrl, certPath, certPass"},
        Refused{"validators_no_list", R"({"schemaVersion":1,"validators":{}})",
                "validators: expected a list, found an object"},
        Refused{"attester_missing", keystore_json("{}"), "validators[0]: 'attester' is missing"},
        Refused{"fee_recipient_missing", keystore_json("{\"attester\":" + kGood + "}"),
                "validators[0]: 'feeRecipient' is missing"},
        Refused{"key_without_prefix", keystore_json(validator_json(in_quotes(kKey.substr(2)))),
                "validators[0].attester: neither a private key (0x and 64 hex digits) nor an "
                "address (0x and 40 hex digits)"},
        Refused{"key_too_short", keystore_json(validator_json(in_quotes(kKey.substr(0, 65)))),
                "validators[0].attester: neither a private key (0x and 64 hex digits) nor an "
                "address (0x and 40 hex digits)"},
        Refused{"key_too_long", keystore_json(validator_json(in_quotes(kKey + "a"))),
                "validators[0].attester: neither a private key (0x and 64 hex digits) nor an "
                "address (0x and 40 hex digits)"},
        Refused{"second_attester", keystore_json(validator_json("[" + kGood + ",{\"eth\":7}]")),
                "validators[0].attester[1].eth: expected an account (a private key, an address or "
                "an object), found a number"},
        Refused{"bls_too_short",
                keystore_json(validator_json("{\"eth\":" + kGood + ",\"bls\":\"0x12\"}")),
                "validators[0].attester.bls: not a BLS private key (0x and 64 hex digits)"},
        Refused{
            "checksum",
            keystore_json(validator_json(in_quotes("0x70997970C51812dc3A010C7d01b50e0d17dc79c8"))),
            "validators[0].attester: the address has a wrong EIP-55 check sum: a digit or a "
            "letter's case is mistyped (or write it in lower case)"},
        Refused{"mnemonic_in_list", keystore_json(validator_json("[{\"mnemonic\":\"a b\"}]")),
                "validators[0].attester[0]: a mnemonic cannot stand here"},
        Refused{"publisher_with_bls",
                keystore_json(validator_json(kGood, ",\"publisher\":{\"eth\":" + kGood + "}")),
                "validators[0].publisher: only an attester can be {eth, bls}"},
        Refused{"count_0", keystore_json(validator_json(R"({"mnemonic":"a b","addressCount":0})")),
                "validators[0].attester.addressCount: expected an integer of 1 or more"},
        Refused{"remote_without_url",
                keystore_json(validator_json(fmt::format(R"({{"address":"{}"}})", test::kRemote))),
                "validators[0].attester: 'remoteSignerUrl' is missing"},
        Refused{"fee_recipient_modulus",
                R"({"schemaVersion":2,"validators":[],"feeRecipient":)"
                R"("0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001"})",
                "feeRecipient: not an Aztec address: the number is not below the field modulus"},
        Refused{"v2_without_fee_recipient", keystore2_json("{\"attester\":" + kGood + "}"),
                "validators[0]: no validator can be without a feeRecipient: give it one, or set "
                "feeRecipient at the top level"},
        Refused{"nothing_in_it", R"({"schemaVersion":2,"prover":null})",
                "a keystore needs 'validators' or 'prover'"},
        Refused{"prover_without_id",
                "{\"schemaVersion\":1,\"prover\":{\"publisher\":" + kGood + "}}",
                "prover: 'id' is missing"}),
    [](const testing::TestParamInfo<Refused>& row) { return row.param.name; });

TEST(KeystoreParser, accepts_a_fee_recipient_just_below_the_modulus) {
  const std::string text =
      R"({"schemaVersion":2,"validators":[],"feeRecipient":)"
      R"("0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000000"})";
  EXPECT_EQ(test::outcome_of(parse_keystore("k.json", text)), "ok");
}

TEST(KeystoreParser, never_shows_user_name_password_or_path_of_a_url) {
  for (const char* url :
       {"http://user:hunter2@signer/", "http://signer/hunter2 x", "http://signer/hunter2#x",
        "ftp://signer/hunter2", "http://signer:99999/hunter2", "hunter2"}) {
    const std::string text = keystore_json(validator_json(in_quotes(test::kRemote)),
                                           fmt::format(R"(,"remoteSigner":"{}")", url));
    const Result<KeystoreFile> file = parse_keystore("k.json", text);
    ASSERT_FALSE(file.has_value()) << url;
    EXPECT_TRUE(file.error().message.starts_with("k.json: remoteSigner: ")) << file.error().message;
    EXPECT_EQ(file.error().message.find("hunter2"), std::string::npos) << file.error().message;
  }
}

TEST(KeystoreParser, never_shows_a_key_that_stands_twice_as_a_field) {
  const Result<KeystoreFile> file = parse_keystore("k.json", "{" + kGood + ":1," + kGood + ":2}");
  ASSERT_FALSE(file.has_value());
  EXPECT_NE(file.error().message.find("duplicate key"), std::string::npos);
  EXPECT_EQ(file.error().message.find("aaaaaaaa"), std::string::npos) << file.error().message;
}

TEST(KeystoreParser, hides_long_runs_of_hex_digits_only) {
  EXPECT_EQ(without_hex_runs("at byte 12345678: bad"), "at byte 12345678: bad");
  EXPECT_EQ(without_hex_runs("key 0x123456789!"), "key 0x<not shown>!");
  EXPECT_EQ(without_hex_runs(""), "");
}

/** Whether the bytes hold the key as text or as 32 bytes. */
bool holds_key(std::span<const unsigned char> block) {
  const std::string_view text(reinterpret_cast<const char*>(block.data()), block.size());
  return text.find("aaaaaaaa") != std::string_view::npos ||
         text.find("\xaa\xaa\xaa\xaa") != std::string_view::npos;
}

class KeystoreWiping : public testing::TestWithParam<const char*> {};

TEST_P(KeystoreWiping, leaves_no_key_in_the_memory_that_it_gives_back) {
  std::size_t bytes = 0;
  bool left = false;
  WipingResource memory([&](std::span<const unsigned char> block) {
    bytes += block.size();
    left = left || holds_key(block) ||
           std::ranges::any_of(block, [](unsigned char byte) { return byte != 0; });
  });
  const std::string more = GetParam();
  const Result<KeystoreFile> file =
      parse_keystore(std::make_shared<const std::string>("k.json"),
                     keystore_json(validator_json(kGood, more)), memory);
  EXPECT_EQ(file.has_value(), more.empty());
  EXPECT_GT(bytes, 64U);
  EXPECT_FALSE(left);
}

std::string wiping_row_name(const testing::TestParamInfo<const char*>& row) {
  constexpr std::array<const char*, 4> kNames = {"good", "refused", "duplicate", "broken"};
  return kNames.at(row.index);
}

INSTANTIATE_TEST_SUITE_P(Texts, KeystoreWiping,
                         testing::Values("", R"(,"unknown":1)", R"(,"attester":1)", "{"),
                         wiping_row_name);

TEST(KeystoreParser, keeps_the_bls_key_of_any_value) {
  const std::string ones = "0x" + std::string(64, 'f');
  Result<KeystoreFile> file = parse_keystore(
      "k.json",
      keystore_json(validator_json("{\"eth\":" + kGood + ",\"bls\":" + in_quotes(ones) + "}")));
  ASSERT_TRUE(file.has_value()) << file.error().message;
  const KeystoreAttester& attester = file->validators->at(0).attesters.at(0);
  ASSERT_TRUE(attester.bls && attester.bls->key);
  EXPECT_EQ(to_hex(attester.bls->key->view()), ones);
  EXPECT_EQ(attester.bls->place.text(), "k.json: validators[0].attester.bls");
}

TEST(KeystoreParser, reads_the_client_certificate_of_a_remote_signer) {
  Result<KeystoreFile> file = parse_keystore(
      "k.json",
      keystore_json(validator_json(fmt::format(
          R"({{"address":"{}","remoteSignerUrl":"https://h:1/p","certPath":"/c.p12","certPass":"x"}})",
          test::kRemote))));
  ASSERT_TRUE(file.has_value()) << file.error().message;
  const auto& account =
      std::get<RemoteAccount>(file->validators->at(0).attesters.at(0).account.source);
  EXPECT_EQ(to_text(account.address), test::kRemoteLower);
  EXPECT_EQ(account.signer->url.origin(), "https://h:1");
  EXPECT_EQ(account.signer->url.target, "/p");
  EXPECT_EQ(account.signer->cert_path, "/c.p12");
  EXPECT_EQ(account.signer->cert_pass->text(), "x");
}

}  // namespace
}  // namespace holdfast
