// Remote signers over real connections: what is believed, what pins a lock, what is refused.
#include "keys/remote_signer.h"

#include <map>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "keys/node_keys.h"
#include "os/io_clock.h"
#include "os/io_runtime.h"
#include "support/example_duty.h"
#include "support/test_key.h"
#include "unit/keys/fake_signer.h"
#include "unit/keys/key_test_support.h"

namespace holdfast {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using test::FakeSigner;

/** Long enough for any machine; only a test that hangs waits for it. */
constexpr std::chrono::minutes kHanging{2};

HttpResponse status(unsigned code, std::string body = "boom") {
  HttpResponse response;
  response.status = code;
  response.content_type = "text/plain";
  response.body = std::move(body);
  return response;
}

HttpResponse reply(std::string body) {
  HttpResponse response;
  response.body = std::move(body);
  return response;
}

class RemoteSignerTest : public testing::Test {
 protected:
  void TearDown() override {
    signer.let_go();
    signer.stop();
    // What the let-go handlers still have to do is done before the loop goes away.
    runtime.run_until([] { return true; }, kHanging);
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    start(std::move(task), [&](T result) { value.emplace(std::move(result)); });
    CHECK(runtime.run_until([&] { return value.has_value(); }, kHanging));
    return std::move(*value);
  }

  std::unique_ptr<NodeKeys> open(const std::string& keystore,
                                 milliseconds call_timeout = kHanging) {
    Result<KeyPlan> plan = test::plan_of({keystore});
    CHECK(plan.has_value());
    RemoteSignerSettings settings;
    settings.call_timeout = call_timeout;
    settings.connect_timeout = kHanging;
    Result<std::unique_ptr<NodeKeys>> keys =
        NodeKeys::open(std::move(plan->keys), runtime, random, settings);
    CHECK(keys.has_value());
    return std::move(*keys);
  }

  /** A keystore with the key 1 at the fake signer, as attester and publisher. */
  std::string keystore(const std::string& path = "") const {
    return test::keystore_json(test::validator_json(test::in_quotes(to_text(test::address_one()))),
                               fmt::format(R"(,"remoteSigner":"{}{}")", signer.url(), path));
  }

  static SignableMessage message() {
    return SignableMessage{MessageForm::eth_sign, test::hash_of(0xaa), ""};
  }

  std::variant<SignFailure, Signature> sign(NodeKeys& keys, SignableMessage what = message()) {
    HarmlessMessage harmless =
        *HarmlessMessage::from_context(DutyType::auth_request, std::move(what), std::nullopt);
    return run(keys.ring().sign_harmless(test::address_one(), std::move(harmless)));
  }

  IoRuntime runtime;
  IoClock clock{runtime};
  test::CountingRandom random;
  FakeSigner signer{runtime};
};

TEST_F(RemoteSignerTest, signs_a_payload_and_sends_the_body_that_aztec_sends) {
  const auto keys = open(keystore("/rpc"));
  const auto answer = sign(*keys);
  ASSERT_TRUE(std::holds_alternative<Signature>(answer))
      << std::get<SignFailure>(answer).error.message;
  EXPECT_EQ(recover_address(message().digest(), std::get<Signature>(answer)), test::address_one());
  ASSERT_EQ(signer.bodies.size(), 1U);
  const std::string id(std::string_view(json::parse(signer.bodies[0]).at("id").as_string()));
  EXPECT_EQ(id.size(), 8U);
  EXPECT_EQ(signer.bodies[0],
            fmt::format(R"({{"jsonrpc":"2.0","method":"eth_sign","params":["{}","{}"],"id":"{}"}})",
                        to_text(test::address_one()), to_hex(test::hash_of(0xaa).view()), id));
  EXPECT_EQ(signer.paths[0], "/rpc");
}

TEST_F(RemoteSignerTest, signs_typed_data_that_it_sends_as_text) {
  const json::value all = json::parse(test::read_vectors("web3signer_wire.json"));
  std::string typed_data;
  for (const json::value& vector : all.at("vectors").as_array()) {
    if (vector.at("name").as_string() != "eth_signTypedData Vote") continue;
    const json::value body = json::parse(vector.at("request").at("body").as_string());
    typed_data = std::string(std::string_view(body.at("params").at(1).as_string()));
  }
  const Result<TypedData> parsed = TypedData::parse(typed_data);
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
  SignableMessage vote{MessageForm::typed_data, MessageHash{parsed->digest().bytes}, typed_data};

  std::shared_ptr<HttpClient> client = std::move(*HttpClient::create(runtime, {}));
  RemoteSigner remote(*parse_url(signer.url()), client, random, kHanging);
  const auto answer = run(remote.sign(test::address_one(), vote));
  ASSERT_TRUE(std::holds_alternative<Signature>(answer));
  EXPECT_EQ(recover_address(parsed->digest(), std::get<Signature>(answer)), test::address_one());
}

struct Row {
  const char* name;
  HttpResponse response;
  MaySign may_sign;
  const char* says;
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

class RemoteSignerAnswer : public RemoteSignerTest, public testing::WithParamInterface<Row> {};

TEST_P(RemoteSignerAnswer, decides_whether_the_lock_is_pinned) {
  const auto keys = open(keystore());
  signer.scripted = {GetParam().response};
  const auto answer = sign(*keys);
  const auto* failure = std::get_if<SignFailure>(&answer);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->may_sign, GetParam().may_sign) << failure->error.message;
  EXPECT_NE(failure->error.message.find(GetParam().says), std::string::npos)
      << failure->error.message;
  EXPECT_TRUE(failure->error.message.starts_with("eth_sign at remote signer " + signer.url()))
      << failure->error.message;
}

INSTANTIATE_TEST_SUITE_P(
    Answers, RemoteSignerAnswer,
    testing::Values(
        Row{"status_302", status(302), MaySign::may_have_signed, "302"},
        Row{"status_400", status(400), MaySign::has_not_signed, "refused with HTTP status 400"},
        Row{"status_404", status(404), MaySign::has_not_signed, "404"},
        Row{"status_412", status(412, "slashing protection"), MaySign::has_not_signed,
            "refused with HTTP status 412 (slashing protection)"},
        Row{"status_499", status(499), MaySign::has_not_signed, "499"},
        Row{"status_500", status(500), MaySign::may_have_signed, "HTTP status 500 (boom)"},
        Row{"status_503", status(503), MaySign::may_have_signed, "503"},
        Row{"rpc_error", reply(R"({"error":{"code":-32000,"message":"duty already signed"}})"),
            MaySign::has_not_signed, "refused with code -32000: duty already signed"},
        Row{"html", reply("<html>"), MaySign::may_have_signed, "cannot be used"},
        Row{"nothing", reply(""), MaySign::may_have_signed, "cannot be used"},
        Row{"result_null", reply(R"({"result":null})"), MaySign::may_have_signed, "no result"},
        Row{"short_signature", reply(R"({"result":"0x00"})"), MaySign::may_have_signed, "1 bytes"},
        Row{"signature_of_another_message",
            reply(R"({"result":")" +
                  to_hex(sign_digest(test::plain_key_one(), keccak256({})).view()) + R"("})"),
            MaySign::may_have_signed, "of another message"}),
    [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

TEST_F(RemoteSignerTest, has_not_signed_when_nobody_listens) {
  const auto keys = open(keystore());
  signer.stop();
  const auto answer = sign(*keys);
  ASSERT_TRUE(std::holds_alternative<SignFailure>(answer));
  EXPECT_EQ(std::get<SignFailure>(answer).may_sign, MaySign::has_not_signed);
}

TEST_F(RemoteSignerTest, may_have_signed_when_the_answer_does_not_come_in_time) {
  const auto keys = open(keystore(), milliseconds(200));
  signer.hold = true;
  // On a busy machine the time may be over before the request is sent; that proves nothing here.
  for (int attempt = 0; attempt < 50; ++attempt) {
    const std::size_t seen = signer.bodies.size();
    const auto answer = sign(*keys);
    ASSERT_TRUE(std::holds_alternative<SignFailure>(answer));
    if (signer.bodies.size() == seen) continue;
    EXPECT_EQ(std::get<SignFailure>(answer).may_sign, MaySign::may_have_signed);
    EXPECT_EQ(std::get<SignFailure>(answer).error.kind, ErrorKind::in_doubt);
    return;
  }
  FAIL() << "no request reached the signer";
}

TEST_F(RemoteSignerTest, may_have_signed_when_the_connection_breaks_before_the_answer) {
  const auto keys = open(keystore());
  signer.hold = true;
  std::optional<std::variant<SignFailure, Signature>> answer;
  HarmlessMessage harmless =
      *HarmlessMessage::from_context(DutyType::auth_request, message(), std::nullopt);
  start(keys->ring().sign_harmless(test::address_one(), std::move(harmless)),
        [&](std::variant<SignFailure, Signature> value) { answer.emplace(std::move(value)); });
  ASSERT_TRUE(runtime.run_until([&] { return signer.held() == 1; }, kHanging));
  signer.stop();
  ASSERT_TRUE(runtime.run_until([&] { return answer.has_value(); }, kHanging));
  ASSERT_TRUE(std::holds_alternative<SignFailure>(*answer));
  EXPECT_EQ(std::get<SignFailure>(*answer).may_sign, MaySign::may_have_signed);
}

TEST_F(RemoteSignerTest, asks_once_and_never_again_by_itself) {
  const auto keys = open(keystore());
  signer.scripted = {status(500), status(500)};
  (void)sign(*keys);
  EXPECT_EQ(signer.bodies.size(), 1U);
}

TEST_F(RemoteSignerTest, refuses_a_transaction_with_another_field_and_gives_ours) {
  Transaction asked;
  asked.chain_id = 1;
  asked.gas = 21'000;
  asked.to = test::filled_with<Address>(0x33);
  asked.max_fee_per_gas = uint256_from(2);
  asked.max_priority_fee_per_gas = uint256_from(1);
  Transaction other = asked;
  other.value = uint256_from(1);
  const auto raw = [](const Transaction& transaction) {
    return to_hex(serialize_signed(transaction,
                                   sign_digest(test::plain_key_one(), signing_hash(transaction))));
  };
  const auto keys = open(keystore());
  signer.scripted = {reply(R"({"result":")" + raw(asked) + R"("})"),
                     reply(R"({"result":")" + raw(other) + R"("})")};
  const auto good = run(keys->ring().sign_transaction(test::address_one(), asked));
  ASSERT_TRUE(std::holds_alternative<Bytes>(good));
  EXPECT_EQ(to_hex(std::get<Bytes>(good)), raw(asked));
  const auto bad = run(keys->ring().sign_transaction(test::address_one(), asked));
  ASSERT_TRUE(std::holds_alternative<SignFailure>(bad));
  EXPECT_EQ(std::get<SignFailure>(bad).may_sign, MaySign::may_have_signed);
  EXPECT_NE(std::get<SignFailure>(bad).error.message.find("another value"), std::string::npos);
}

TEST_F(RemoteSignerTest, finds_the_accounts_that_the_signer_has) {
  const auto keys = open(keystore());
  EXPECT_EQ(keys->remote_signer_count(), 1U);
  EXPECT_EQ(test::outcome_of(run(keys->check_remote_signers())), "ok");
}

TEST_F(RemoteSignerTest, names_the_addresses_that_the_signer_does_not_have) {
  const auto keys =
      open(test::keystore_json(test::validator_json(fmt::format(
                                   R"(["{}","{}"])", to_text(test::address_one()), test::kRemote)),
                               fmt::format(R"(,"remoteSigner":"{}")", signer.url())));
  const Result<void> checked = run(keys->check_remote_signers());
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().kind, ErrorKind::not_found);
  EXPECT_NE(checked.error().message.find(test::kRemoteLower), std::string::npos)
      << checked.error().message;
  EXPECT_EQ(checked.error().message.find(to_text(test::address_one())), std::string::npos);
}

TEST_F(RemoteSignerTest, asks_again_after_each_pause_until_the_signer_answers) {
  const auto keys = open(keystore());
  const std::vector<milliseconds> pauses(3, milliseconds(1));
  signer.scripted = {status(503), reply("<html>"), reply(R"({"error":{"code":1,"message":"x"}})")};
  EXPECT_EQ(test::outcome_of(run(keys->check_remote_signers(clock, pauses))), "ok");
  EXPECT_EQ(signer.bodies.size(), 4U);

  signer.bodies.clear();
  signer.scripted = {status(503), status(503), status(503), status(503)};
  EXPECT_FALSE(run(keys->check_remote_signers(clock, pauses)).has_value());
  EXPECT_EQ(signer.bodies.size(), 4U);
}

TEST_F(RemoteSignerTest, names_account_and_file_of_a_client_certificate_that_is_not_there) {
  Result<KeyPlan> plan = test::plan_of({test::keystore_json(test::validator_json(fmt::format(
      R"({{"address":"{}","remoteSignerUrl":"https://h","certPath":"/no/such/c.p12","certPass":"pw-secret"}})",
      test::kRemote)))});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  const auto keys = NodeKeys::open(std::move(plan->keys), runtime, random, {});
  ASSERT_FALSE(keys.has_value());
  EXPECT_TRUE(keys.error().message.starts_with("a.json: validators[0].attester: "))
      << keys.error().message;
  EXPECT_NE(keys.error().message.find("/no/such/c.p12"), std::string::npos) << keys.error().message;
  EXPECT_EQ(keys.error().message.find("pw-secret"), std::string::npos);
}

}  // namespace
}  // namespace holdfast
