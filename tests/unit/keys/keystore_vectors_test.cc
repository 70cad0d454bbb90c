// Every verdict of keystore.json, which was recorded from Aztec's own loader and manager: load,
// then everything after it (merge, manager, resolution). Where ours differs on purpose, the table
// below says so and why.
#include <algorithm>
#include <map>
#include <set>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "keys/keystore_loader.h"
#include "unit/keys/key_test_support.h"

namespace holdfast {
namespace {

namespace json = boost::json;
using test::KeystoreDir;

constexpr std::string_view kLaterForm = "a form that comes with a later version";

struct Difference {
  std::string_view reason;
  /** What our message says. */
  std::string_view says;
};

// Aztec accepts each of these; Holdfast refuses.
const std::map<std::string, Difference> kDifferences = {
    {"v1_path", {kLaterForm, "cannot use encrypted key files"}},
    {"v1_bls_path_missing_file", {kLaterForm, "cannot use encrypted BLS key files"}},
    {"v1_mnemonic", {kLaterForm, "cannot use mnemonics yet"}},
    {"v1_mnemonic_counts", {kLaterForm, "cannot use mnemonics yet"}},
    {"v1_mnemonic_badchecksum", {kLaterForm, "cannot use mnemonics yet"}},
    {"v1_array_mixed", {kLaterForm, "cannot use encrypted key files"}},
    {"v1_publisher_array", {kLaterForm, "cannot use encrypted key files"}},
    {"v1_prover_path", {kLaterForm, "cannot use encrypted key files"}},
    {"v1_prover_id_mnemonic", {kLaterForm, "cannot use mnemonics yet"}},
    {"v2_publisher_mnemonic_default", {kLaterForm, "cannot use mnemonics yet"}},
    {"slasher_mnemonic_merge", {kLaterForm, "cannot use mnemonics yet"}},
    {"v2_publisher_mnemonic_last_wins", {kLaterForm, "cannot use mnemonics yet"}},
    {"remote_weird_scheme", {"no request can be sent to ftp://", "neither http nor https"}},
    {"duplicate_keys_last_wins",
     {"which of two equal fields counts is anybody's guess", "duplicate key"}},
    {"v2_publishers_accumulate",
     {"one file's publishers would pay for another's validators", "others than in"}},
    {"v2_coinbase_last_wins",
     {"one file would redirect another's rewards", "another value than in"}},
};

bool is_ok(const json::value& verdict) {
  return verdict.is_string() && std::string_view(verdict.as_string()).starts_with("ok");
}

/** Whether Aztec accepts at every stage after the loading. */
bool accepts_after_load(const json::object& vector) {
  for (const std::string_view stage : {"merge", "manager", "resolvedUnique", "validatorClient"}) {
    const json::value* verdict = vector.if_contains(stage);
    if (verdict != nullptr && !is_ok(*verdict)) return false;
  }
  return vector.contains("manager");
}

std::string text_of(const json::value& value) {
  return std::string(std::string_view(value.as_string()));
}

/** Every private key and mnemonic in the text of a keystore. */
std::set<std::string> secrets_of(const json::value& value) {
  std::set<std::string> secrets;
  if (const json::string* text = value.if_string()) {
    const std::string whole(*text);
    const std::string digits = whole.starts_with("0x") ? whole.substr(2) : whole;
    const bool hex = digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    if (digits.size() == 64 && hex) secrets.insert(digits.substr(0, 12));
    if (whole.find(' ') != std::string::npos) secrets.insert(whole.substr(0, 9));
  } else if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) secrets.merge(secrets_of(element));
  } else if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) secrets.merge(secrets_of(member.value()));
  }
  return secrets;
}

class KeystoreVectors : public testing::Test {
 protected:
  void SetUp() override { vectors_ = json::parse(test::read_vectors("keystore.json")).as_object(); }

  /** Compares the verdict with Aztec's, or with the table of differences. */
  template <class T>
  void expect_verdict(const std::string& name, bool aztec_accepts, const Result<T>& ours,
                      const std::set<std::string>& secrets) {
    SCOPED_TRACE(name + " -> " + test::outcome_of(ours));
    const auto difference = kDifferences.find(name);
    if (difference == kDifferences.end() || !aztec_accepts || used_.contains(name)) {
      EXPECT_EQ(ours.has_value(), aztec_accepts);
    } else if (!ours.has_value()) {
      used_.insert(name);
      EXPECT_NE(ours.error().message.find(difference->second.says), std::string::npos)
          << difference->second.reason;
    }
    if (ours.has_value()) return;
    for (const std::string& secret : secrets) {
      EXPECT_EQ(ours.error().message.find(secret), std::string::npos) << "a key is in the error";
    }
  }

  /** Every difference of the table that is among these vectors must have shown itself. */
  void expect_differences_used(const json::array& vectors) {
    for (const json::value& vector : vectors) {
      const std::string name = text_of(vector.at("name"));
      EXPECT_EQ(used_.contains(name), kDifferences.contains(name)) << name;
    }
  }

  json::object vectors_;
  std::set<std::string> used_;
};

void expect_addresses(const json::array& expected, const std::vector<Address>& ours,
                      const KeyPlan& plan) {
  ASSERT_EQ(ours.size(), expected.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_EQ(to_text(ours[i]), text_of(expected[i].at("address")));
    const PlannedKey& key = plan.keys.at(ours[i]);
    const bool local = std::holds_alternative<Secret>(key.source);
    EXPECT_EQ(local ? "LocalSigner" : "RemoteSigner", text_of(expected[i].at("kind")));
    if (local) continue;
    const json::value& remote = expected[i].at("remote");
    const std::string url = text_of(remote.is_string() ? remote : remote.at("remoteSignerUrl"));
    const Result<Url> parsed = parse_url(url);
    ASSERT_TRUE(parsed.has_value()) << url;
    const auto& config = std::get<std::shared_ptr<const RemoteSignerConfig>>(key.source);
    EXPECT_EQ(config->url.origin() + config->url.target, parsed->origin() + parsed->target);
  }
}

void expect_plan(const json::object& vector, const KeyPlan& plan) {
  const json::array& validators = vector.at("validators").as_array();
  ASSERT_EQ(plan.validators.size(), validators.size());
  for (std::size_t i = 0; i < validators.size(); ++i) {
    SCOPED_TRACE(fmt::format("validators[{}]", i));
    const PlannedValidator& ours = plan.validators[i];
    std::vector<Address> attesters;
    for (const PlannedAttester& attester : ours.attesters) attesters.push_back(attester.address);
    expect_addresses(validators[i].at("attesters").as_array(), attesters, plan);
    expect_addresses(validators[i].at("publishers").as_array(), ours.publishers, plan);
    EXPECT_EQ(to_text(ours.fee_recipient), text_of(validators[i].at("feeRecipient")));
    EXPECT_EQ(to_text(ours.coinbase_of(ours.attesters.at(0))),
              text_of(validators[i].at("coinbase")));
  }
  expect_addresses(vector.at("slasher").as_array(), plan.slashers, plan);
  const json::value* prover = vector.if_contains("prover");
  ASSERT_EQ(plan.prover.has_value(), prover != nullptr);
  if (prover == nullptr) return;
  expect_addresses(prover->at("signers").as_array(), plan.prover->publishers, plan);
  const json::value* id = prover->as_object().if_contains("id");
  EXPECT_EQ(plan.prover->id ? to_text(*plan.prover->id) : "", id != nullptr ? text_of(*id) : "");
}

TEST_F(KeystoreVectors, gives_aztecs_verdict_and_addresses_for_every_keystore) {
  const json::array& cases = vectors_.at("cases").as_array();
  ASSERT_EQ(cases.size(), 83U);
  for (const json::value& one : cases) {
    const json::object& vector = one.as_object();
    const std::string name = text_of(vector.at("name"));
    SCOPED_TRACE(name);
    const std::set<std::string> secrets = secrets_of(vector.at("keystore"));
    Result<KeystoreFile> file = parse_keystore("k.json", json::serialize(vector.at("keystore")));
    expect_verdict(name, is_ok(vector.at("load")), file, secrets);
    if (!file) {
      EXPECT_TRUE(file.error().message.starts_with("k.json: ")) << file.error().message;
      continue;
    }
    std::vector<KeystoreFile> files;
    files.push_back(std::move(*file));
    const Result<KeyPlan> plan = plan_keys(std::move(files));
    expect_verdict(name, accepts_after_load(vector), plan, secrets);
    if (plan) {
      expect_plan(vector, *plan);
    } else {
      EXPECT_TRUE(plan.error().message.starts_with("k.json: ")) << plan.error().message;
    }
  }
  expect_differences_used(cases);
}

TEST_F(KeystoreVectors, gives_aztecs_verdict_for_every_raw_text) {
  const json::array& texts = vectors_.at("rawText").as_array();
  ASSERT_EQ(texts.size(), 6U);
  for (const json::value& vector : texts) {
    const std::string text = text_of(vector.at("text"));
    const Result<KeystoreFile> file = parse_keystore("k.json", text);
    expect_verdict(text_of(vector.at("name")), is_ok(vector.at("load")), file, {"0d0d0d0d0d0d"});
  }
  expect_differences_used(texts);
}

TEST_F(KeystoreVectors, gives_aztecs_verdict_for_every_directory) {
  const json::array& directories = vectors_.at("directories").as_array();
  ASSERT_EQ(directories.size(), 17U);
  for (const json::value& one : directories) {
    const json::object& vector = one.as_object();
    const std::string name = text_of(vector.at("name"));
    SCOPED_TRACE(name);
    const KeystoreDir dir;
    std::filesystem::create_directory(dir.file("m"));
    for (const auto& member : vector.at("files").as_object()) {
      const json::value& content = member.value();
      dir.write("m/" + std::string(member.key()),
                content.is_string() ? text_of(content) : json::serialize(content));
    }
    const std::set<std::string> secrets = secrets_of(vector.at("files"));
    const std::string path = dir.path() + text_of(vector.at("path")).substr(7);
    Result<std::vector<KeystoreFile>> files = load_keystores(path);
    expect_verdict(name, is_ok(vector.at("load")), files, secrets);
    if (!files) continue;
    EXPECT_EQ(text_of(vector.at("load")), fmt::format("ok ({} file(s))", files->size()));
    const Result<KeyPlan> plan = plan_keys(std::move(*files));
    expect_verdict(name, accepts_after_load(vector), plan, secrets);
    if (plan) expect_plan(vector, *plan);
  }
  expect_differences_used(directories);
}

TEST_F(KeystoreVectors, gives_aztecs_verdict_for_every_list_of_paths) {
  const json::array& lists = vectors_.at("multiplePaths").as_array();
  ASSERT_EQ(lists.size(), 4U);
  const KeystoreDir dir;
  dir.write("m/a.json",
            test::keystore_json(test::validator_json(test::in_quotes(test::key_text(0xaa)))));
  for (const json::value& vector : lists) {
    std::string paths = text_of(vector.at("paths"));
    for (std::size_t at = 0; (at = paths.find("{{DIR}}")) != std::string::npos;) {
      paths.replace(at, 7, dir.path());
    }
    const Result<std::vector<KeystoreFile>> files = load_keystores(paths);
    expect_verdict(paths, is_ok(vector.at("result")), files, {});
    if (!files) continue;
    EXPECT_EQ(text_of(vector.at("result")), fmt::format("ok ({})", files->size()));
  }
}

TEST_F(KeystoreVectors, refuses_an_empty_list_of_files_as_aztecs_merge_does) {
  EXPECT_FALSE(is_ok(vectors_.at("mergeEmpty")));
  EXPECT_FALSE(plan_keys({}).has_value());
}

}  // namespace
}  // namespace holdfast
