// Fall-backs, roles, and several files that must not redirect one another.
#include "keys/key_plan.h"

#include <gtest/gtest.h>

#include "unit/keys/key_test_support.h"

namespace holdfast {
namespace {

using test::in_quotes;
using test::key_text;
using test::keystore2_json;
using test::keystore_json;
using test::outcome_of;
using test::plan_of;
using test::validator_json;

const std::string kAa = in_quotes(key_text(0xaa));
const std::string kBb = in_quotes(key_text(0xbb));
const std::string kPublisher = in_quotes(key_text(0x0d));
const char* const kPublisherAddress = "0x229c784b93ccb440f91dc5132c74a95319497df4";
const std::string kOther = in_quotes(key_text(0x0b));
const std::string kRemote = in_quotes(test::kRemote);
const std::string kCoinbase = in_quotes("0x2222222222222222222222222222222222222222");

std::string url_of(const KeyPlan& plan, const char* address) {
  const auto& source = plan.keys.at(test::address_of(address)).source;
  const auto* remote = std::get_if<std::shared_ptr<const RemoteSignerConfig>>(&source);
  return remote == nullptr ? "local" : (*remote)->url.origin();
}

TEST(KeyPlan, gives_an_attester_without_publisher_both_roles_and_says_so) {
  const Result<KeyPlan> plan = plan_of({keystore_json(validator_json(kAa))});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  const PlannedKey& key = plan->keys.at(test::address_of(test::kAddressOfAa));
  EXPECT_TRUE(key.roles.attester);
  EXPECT_TRUE(key.roles.publisher);
  ASSERT_EQ(plan->warnings.size(), 1U);
  EXPECT_NE(plan->warnings[0].find(test::kAddressOfAa), std::string::npos);
}

TEST(KeyPlan, keeps_the_roles_apart_when_there_is_a_publisher) {
  const Result<KeyPlan> plan =
      plan_of({keystore_json(validator_json(kAa, ",\"publisher\":" + kPublisher))});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  const PlannedKey& attester = plan->keys.at(test::address_of(test::kAddressOfAa));
  EXPECT_TRUE(attester.roles.attester && !attester.roles.publisher);
  const PlannedKey& publisher = plan->keys.at(test::address_of(kPublisherAddress));
  EXPECT_TRUE(publisher.roles.publisher && !publisher.roles.attester);
  EXPECT_TRUE(plan->warnings.empty());
}

TEST(KeyPlan, lets_slasher_prover_and_funding_accounts_sign_transactions_only) {
  const Result<KeyPlan> plan = plan_of({keystore_json(
      validator_json(kAa, ",\"publisher\":" + kPublisher + ",\"fundingAccount\":" + kOther),
      ",\"slasher\":[" + in_quotes(key_text(0x01)) + "],\"prover\":" + in_quotes(key_text(0x02)) +
          ",\"fundingAccount\":" + in_quotes(key_text(0x03)))});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  EXPECT_EQ(plan->keys.size(), 6U);
  for (const auto& [address, key] : plan->keys) {
    EXPECT_EQ(key.roles.attester, to_text(address) == test::kAddressOfAa);
    EXPECT_EQ(key.roles.publisher, to_text(address) != test::kAddressOfAa);
  }
  EXPECT_EQ(plan->slashers.size(), 1U);
  EXPECT_EQ(plan->prover->publishers.size(), 1U);
  EXPECT_TRUE(plan->funding_account.has_value());
  EXPECT_TRUE(plan->validators[0].funding_account.has_value());
}

TEST(KeyPlan, takes_the_remote_signer_of_the_account_then_of_the_validator_then_of_the_file) {
  const std::string account =
      fmt::format(R"({{"address":"{}","remoteSignerUrl":"http://account:1"}})",
                  "0x0000000000000000000000000000000000000001");
  const std::string validator = R"(,"remoteSigner":"http://validator:2")";
  const Result<KeyPlan> plan = plan_of({keystore_json(
      validator_json("[" + account + ",\"0x0000000000000000000000000000000000000002\"]",
                     validator) +
          "," + validator_json("\"0x0000000000000000000000000000000000000003\""),
      R"(,"remoteSigner":{"remoteSignerUrl":"http://file:3"})")});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  EXPECT_EQ(url_of(*plan, "0x0000000000000000000000000000000000000001"), "http://account:1");
  EXPECT_EQ(url_of(*plan, "0x0000000000000000000000000000000000000002"), "http://validator:2");
  EXPECT_EQ(url_of(*plan, "0x0000000000000000000000000000000000000003"), "http://file:3");
}

TEST(KeyPlan, uses_a_top_level_publisher_for_every_validator_without_its_own) {
  const std::string defaults =
      ",\"feeRecipient\":" + in_quotes(test::fee_recipient()) + ",\"publisher\":" + kPublisher;
  const Result<KeyPlan> plan =
      plan_of({keystore2_json("{\"attester\":" + kAa + "},{\"attester\":" + kBb + "}", defaults)});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  EXPECT_EQ(plan->keys.size(), 3U);
  for (const PlannedValidator& validator : plan->validators) {
    ASSERT_EQ(validator.publishers.size(), 1U);
    EXPECT_EQ(to_text(validator.publishers[0]), kPublisherAddress);
  }
}

TEST(KeyPlan, says_when_a_top_level_publisher_is_not_used) {
  const Result<KeyPlan> plan = plan_of({keystore2_json(
      validator_json(kAa, ",\"publisher\":" + kPublisher), ",\"publisher\":" + kOther)});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  EXPECT_EQ(plan->keys.size(), 2U);
  ASSERT_EQ(plan->warnings.size(), 1U);
  EXPECT_NE(plan->warnings[0].find("a.json: the top-level publisher is not used"),
            std::string::npos);
}

struct Refused {
  const char* name;
  std::vector<std::string> files;
  /** All of them are in the message. */
  std::vector<std::string> says;
};
void PrintTo(const Refused& row, std::ostream* out) {
  *out << row.name;
}

class KeyPlanRefusal : public testing::TestWithParam<Refused> {};

TEST_P(KeyPlanRefusal, names_the_places_and_the_reason) {
  const Result<KeyPlan> plan = plan_of(GetParam().files);
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().kind, ErrorKind::invalid_input);
  for (const std::string& part : GetParam().says) {
    EXPECT_NE(plan.error().message.find(part), std::string::npos) << plan.error().message;
  }
  for (const char* secret : {"aaaaaaaa", "bbbbbbbb", "0d0d0d0d", "0b0b0b0b"}) {
    EXPECT_EQ(plan.error().message.find(secret), std::string::npos) << plan.error().message;
  }
}

std::string remote_at(const char* address, const char* url) {
  return fmt::format(R"({{"address":"{}","remoteSignerUrl":"{}"}})", address, url);
}

INSTANTIATE_TEST_SUITE_P(
    All, KeyPlanRefusal,
    testing::Values(
        Refused{"same_key_in_two_files",
                {keystore_json(validator_json(kAa)),
                 keystore_json(validator_json("[" + kBb + "," + kAa + "]"))},
                {"b.json: validators[0].attester[1]: attester ", test::kAddressOfAa,
                 "duplicate of a.json: validators[0].attester"}},
        Refused{"key_and_its_address",
                {keystore_json(validator_json(kAa) + "," +
                               validator_json(in_quotes(test::kAddressOfAa),
                                              R"(,"remoteSigner":"http://h")"))},
                {"a.json: validators[1].attester: the key of ", test::kAddressOfAa,
                 "two different ways"}},
        Refused{"remote_address_twice",
                {keystore_json(validator_json(kRemote) + "," + validator_json(kRemote),
                               R"(,"remoteSigner":"http://h")")},
                {"validators[1].attester", "duplicate of a.json: validators[0].attester"}},
        Refused{"publisher_at_two_signers",
                {keystore_json(
                    validator_json(kAa, ",\"publisher\":" + remote_at(test::kRemote, "http://a")) +
                    "," +
                    validator_json(kBb, ",\"publisher\":" + remote_at(test::kRemote, "http://b")))},
                {"a.json: validators[1].publisher: the key of ", "validators[0].publisher"}},
        Refused{
            "no_remote_signer",
            {keystore_json(validator_json(kRemote))},
            {"a.json: validators[0].attester: no remote signer for address ", test::kRemoteLower}},
        Refused{"zero_key",
                {keystore_json(validator_json(in_quotes(key_text(0))))},
                {"a.json: validators[0].attester: not a private key"}},
        Refused{"key_at_the_group_order",
                {keystore_json(validator_json(in_quotes(
                    "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")))},
                {"a.json: validators[0].attester: not a private key"}},
        Refused{"no_attester",
                {keystore_json(validator_json("[]"))},
                {"a.json: validators[0]: its attester list is empty"}},
        Refused{"no_publisher",
                {keystore_json(validator_json(kAa, R"(,"publisher":[])"))},
                {"a.json: validators[0]: its publisher list is empty"}},
        Refused{"two_versions",
                {keystore_json(validator_json(kAa)), keystore2_json(validator_json(kBb))},
                {"b.json: schemaVersion: 2 here, and 1 in a.json"}},
        Refused{"two_provers",
                {"{\"schemaVersion\":1,\"prover\":" + kAa + "}",
                 "{\"schemaVersion\":1,\"prover\":" + kAa + "}"},
                {"b.json: prover: there is one in a.json already"}},
        Refused{"two_remote_signers",
                {keystore_json(validator_json(kAa), R"(,"remoteSigner":"http://a")"),
                 keystore_json(validator_json(kBb), R"(,"remoteSigner":"http://b")")},
                {"b.json: remoteSigner: another value than in a.json"}},
        Refused{"two_certificates",
                {keystore_json(validator_json(kAa),
                               R"(,"remoteSigner":{"remoteSignerUrl":"http://a","certPath":"/c"})"),
                 keystore_json(validator_json(kBb), R"(,"remoteSigner":"http://a")")},
                {"b.json: remoteSigner: another value than in a.json"}},
        Refused{"two_funding_accounts",
                {keystore_json(validator_json(kAa), ",\"fundingAccount\":" + kPublisher),
                 keystore_json(validator_json(kBb), ",\"fundingAccount\":" + kOther)},
                {"b.json: fundingAccount: another file has another"}},
        Refused{"coinbase_reaches_another_file",
                {keystore2_json(validator_json(kAa), ",\"coinbase\":" + kCoinbase),
                 keystore2_json(validator_json(kBb))},
                {"b.json: validators[0]: it has no coinbase", "coinbase of a.json"}},
        Refused{"publisher_reaches_another_file",
                {keystore2_json(validator_json(kAa)),
                 keystore2_json(validator_json(kBb), ",\"publisher\":" + kPublisher)},
                {"a.json: validators[0]: it has no publisher", "publisher of b.json"}},
        Refused{"two_fee_recipients",
                {keystore2_json("{\"attester\":" + kAa + "}",
                                ",\"feeRecipient\":" + in_quotes(test::fee_recipient())),
                 keystore2_json("{\"attester\":" + kBb + "}",
                                ",\"feeRecipient\":" + in_quotes(key_text(0x12)))},
                {"b.json: feeRecipient: another value than in a.json"}}),
    [](const testing::TestParamInfo<Refused>& row) { return row.param.name; });

TEST(KeyPlan, merges_files_that_say_the_same_or_nothing_for_the_others) {
  const std::string same = R"(,"remoteSigner":"http://signer:9000")";
  const std::string publisher = ",\"publisher\":" + kPublisher + ",\"coinbase\":" + kCoinbase;
  const std::string own = publisher + same;
  EXPECT_EQ(outcome_of(plan_of({keystore2_json(validator_json(kAa), own),
                                keystore2_json(validator_json(kBb), own)})),
            "ok");
  EXPECT_EQ(outcome_of(plan_of({keystore2_json(validator_json(kAa), publisher),
                                keystore2_json(validator_json(kBb, publisher))})),
            "ok");
  EXPECT_EQ(
      outcome_of(plan_of({keystore_json(validator_json(kAa), ",\"fundingAccount\":" + kOther),
                          keystore_json(validator_json(kBb), ",\"fundingAccount\":" + kOther)})),
      "ok");
}

TEST(KeyPlan, lets_one_files_remote_signer_fill_anothers_gap) {
  const Result<KeyPlan> plan =
      plan_of({keystore_json(validator_json(kRemote)),
               keystore_json("", R"(,"remoteSigner":"http://signer:9000")")});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  EXPECT_EQ(url_of(*plan, test::kRemoteLower), "http://signer:9000");
}

TEST(KeyPlan, lets_a_prover_of_version_1_stand_beside_validators_of_version_2) {
  EXPECT_EQ(outcome_of(plan_of({keystore2_json(validator_json(kAa)),
                                "{\"schemaVersion\":1,\"prover\":" + kPublisher + "}"})),
            "ok");
}

TEST(KeyPlan, gives_each_attester_its_own_coinbase_when_there_is_none) {
  const Result<KeyPlan> plan =
      plan_of({keystore_json(validator_json("[" + kAa + "," + kBb + "]"))});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  const PlannedValidator& validator = plan->validators.at(0);
  EXPECT_EQ(to_text(validator.coinbase_of(validator.attesters[0])), test::kAddressOfAa);
  EXPECT_EQ(to_text(validator.coinbase_of(validator.attesters[1])), test::kAddressOfBb);
}

}  // namespace
}  // namespace holdfast
