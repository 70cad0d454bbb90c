#include "api/signing_service.h"

#include <ostream>

#include <gtest/gtest.h>

#include "api_world.h"
#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using test::ApiWorld;
using test::error_of;
using test::kAttester;
using test::kBoth;
using test::kContext;
using test::kHash;
using test::kOtherHash;
using test::kPublisher;
using test::kSignature;
using test::result_of;

constexpr const char* kStockToken = "0123456789abcdef0123456789abcdef";

SigningServiceSettings gated_settings(std::vector<DutyType> harmless = {}) {
  SigningServiceSettings settings;
  settings.rules.gating = Gating::on;
  settings.rules.harmless_duty_types = std::move(harmless);
  return settings;
}

Duty stock_duty(const char* hash) {
  Duty duty = test::example_duty();
  duty.key.rollup_address = test::example_rollup();
  duty.key.validator_address = test::address_of(kBoth);
  duty.message_hash = *fixed_from_hex<MessageHash>(hash);
  return duty;
}

TEST(SigningService, lists_every_account_once_attesters_first) {
  ApiWorld world;
  EXPECT_EQ(result_of(world.call("eth_accounts", "[]")),
            R"(["0x7e5f4552091a69125d5dfcb7b8c2659029395bdf",)"
            R"("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",)"
            R"("0x2b5ad5c4795c026514f8317c7a215e218dccd6cf"])");
  EXPECT_EQ(error_of(world.call("eth_accounts", "[1]")), "InvalidParamsError");
}

// S1, S2.
TEST(SigningService, signs_a_duty_once_and_refuses_another_message_for_it) {
  ApiWorld world;
  EXPECT_EQ(result_of(world.eth_sign(kBoth, kHash, kContext)), kSignature);
  const boost::json::value refused = world.eth_sign(kBoth, kOtherHash, kContext);
  EXPECT_EQ(error_of(refused), "SlashingProtectionError");
  const boost::json::value& data = refused.at("error").at("data");
  EXPECT_EQ(data.at("existingMessageHash").as_string(), kHash);
  EXPECT_EQ(data.at("attemptedMessageHash").as_string(), kOtherHash);
  EXPECT_EQ(data.at("signedByNode").as_string(), "node-a");
  EXPECT_EQ(data.at("slot").as_string(), "100");
  EXPECT_EQ(world.last_status, 200u);
}

TEST(SigningService, answers_an_identical_message_again_or_names_the_node) {
  ApiWorld world;
  ASSERT_EQ(result_of(world.eth_sign(kBoth, kHash, kContext)), kSignature);
  EXPECT_EQ(result_of(world.eth_sign(kBoth, kHash, kContext)), kSignature);

  SignSettings off = ApiWorld::default_sign();
  off.rules.replay = Replay::off;
  ApiWorld literal({}, off);
  ASSERT_EQ(result_of(literal.eth_sign(kBoth, kHash, kContext)), kSignature);
  EXPECT_EQ(error_of(literal.eth_sign(kBoth, kHash, kContext)), "DutyAlreadySignedError");
}

TEST(SigningService, signs_typed_data_as_object_and_as_text_alike) {
  ApiWorld world;
  const std::string data = test::rollup_typed_data("CheckpointAttestation");
  const std::string context = R"({"dutyType":"ATTESTATION","slot":1,"checkpointNumber":1})";
  // tests/vectors/web3signer_wire.json, "eth_signTypedData v5 CheckpointAttestation".
  constexpr const char* kExpected =
      "0xe22fad9b2fdd200471b2124957c77d200730191b57a3498960e8e9ad21f9ef3a7350653ccd9938ca0899732958"
      "0a6f9f99fb11b086110ae8d34fd0f262b052251c";
  EXPECT_EQ(result_of(world.typed_data(kBoth, data, context)), kExpected);
  const std::string text = boost::json::serialize(boost::json::value(data));
  EXPECT_EQ(result_of(world.typed_data(kBoth, text, context)), kExpected);
  EXPECT_EQ(result_of(world.call("eth_signTypedData_v4",
                                 "[\"" + std::string(kBoth) + "\"," + data + "," + context + "]")),
            kExpected);
}

TEST(SigningService, refuses_a_vote_for_another_slot_than_its_context) {
  ApiWorld world;
  const std::string vote = test::vote_typed_data("12345");
  EXPECT_EQ(error_of(world.typed_data(kBoth, vote, R"({"dutyType":"SLASHING_VOTE","slot":1})")),
            "InvalidParamsError");
  EXPECT_EQ(result_of(world.typed_data(kBoth, vote, R"({"dutyType":"SLASHING_VOTE","slot":12345})"))
                .size(),
            132u);
}

TEST(SigningService, signs_harmless_messages_any_number_of_times_without_a_lock) {
  ApiWorld world;
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(result_of(world.eth_sign(kBoth, kHash, R"({"dutyType":"AUTH_REQUEST"})")),
              kSignature);
    EXPECT_EQ(result_of(world.eth_sign(kBoth, kHash, R"({"dutyType":"TXS"})")), kSignature);
  }
  EXPECT_EQ(result_of(world.typed_data(kBoth, test::rollup_typed_data("SignedTxs"),
                                       R"({"dutyType":"TXS"})"))
                .size(),
            132u);
  EXPECT_EQ(error_of(world.typed_data(kBoth, test::rollup_typed_data("BlockProposal"),
                                      R"({"dutyType":"TXS"})")),
            "InvalidParamsError");
  EXPECT_EQ(error_of(world.typed_data(kBoth, test::rollup_typed_data("SignedTxs"),
                                      R"({"dutyType":"AUTH_REQUEST"})")),
            "InvalidParamsError");
  auto rows = world.clock.run(world.store.list({}));
  EXPECT_TRUE(rows->empty());
  EXPECT_EQ(world.metrics.counter(metric::kDuties, {"TXS", "signed"}).value(), 3u);
  EXPECT_EQ(world.metrics.counter(metric::kDuties, {"AUTH_REQUEST", "signed"}).value(), 2u);
}

TEST(SigningService, signs_an_attester_exit_only_where_the_configuration_allows_it) {
  SigningServiceSettings settings;
  settings.rules.attester_exit = AttesterExit::allow;
  ApiWorld world(settings);
  EXPECT_EQ(result_of(world.typed_data(kBoth, test::attester_exit_typed_data())).size(), 132u);
  EXPECT_NE(world.log.text().find("WARN signing-api: Signing an AttesterExit"), std::string::npos);
}

TEST(SigningService, signs_gated_requests_under_the_row_of_a_stock_node) {
  ApiWorld world(gated_settings());
  EXPECT_EQ(error_of(world.eth_sign(kBoth, kHash)), "NoSigningLockError");
  ASSERT_TRUE(world.store.insert_stock_row(stock_duty(kHash), "stock", kStockToken));
  EXPECT_EQ(error_of(world.eth_sign(kBoth, kOtherHash)), "NoSigningLockError");
  EXPECT_EQ(error_of(world.eth_sign(kAttester, kHash)), "NoSigningLockError");
  EXPECT_EQ(result_of(world.eth_sign(kBoth, kHash)), kSignature);
}

TEST(SigningService, signs_no_typed_data_under_a_row_of_another_slot_or_type) {
  const std::string vote = test::vote_typed_data("12345");
  Duty row = stock_duty(kHash);
  row.message_hash.bytes = TypedData::parse(vote)->digest().bytes;
  row.key.duty_type = DutyType::slashing_vote;
  row.key.block_index_within_checkpoint = kNoBlockIndex;
  for (const std::int64_t slot : {12344, 12345, 12346}) {
    ApiWorld world(gated_settings());
    row.key.slot = Slot(slot);
    ASSERT_TRUE(world.store.insert_stock_row(row, "stock", kStockToken));
    const boost::json::value reply = world.typed_data(kBoth, vote);
    if (slot == 12345) {
      EXPECT_EQ(result_of(reply).size(), 132u);
    } else {
      EXPECT_EQ(error_of(reply), "NoSigningLockError") << slot;
    }
  }
  ApiWorld world(gated_settings());
  row.key.slot = Slot(12345);
  row.key.duty_type = DutyType::attestation;
  ASSERT_TRUE(world.store.insert_stock_row(row, "stock", kStockToken));
  EXPECT_EQ(error_of(world.typed_data(kBoth, vote)), "NoSigningLockError");
}

// Reference W1: the row was deleted while the stock node was slow, and another message is signed.
TEST(SigningService, refuses_the_second_message_after_a_stock_row_was_deleted) {
  ApiWorld world(gated_settings());
  const Duty first = stock_duty(kHash);
  ASSERT_TRUE(world.store.insert_stock_row(first, "stock-a", kStockToken));
  ASSERT_EQ(result_of(world.eth_sign(kBoth, kHash)), kSignature);
  world.store.delete_row(first.key);
  const Duty second = stock_duty(kOtherHash);
  if (world.store.insert_stock_row(second, "stock-b", kStockToken)) {
    EXPECT_EQ(error_of(world.eth_sign(kBoth, kOtherHash)), "SlashingProtectionError");
  } else {
    EXPECT_EQ(error_of(world.eth_sign(kBoth, kOtherHash)), "NoSigningLockError");
  }
}

TEST(SigningService, signs_opaque_requests_without_a_row_only_where_auth_request_is_named) {
  ApiWorld world(gated_settings({DutyType::auth_request}));
  EXPECT_EQ(result_of(world.eth_sign(kBoth, kHash)), kSignature);
  EXPECT_EQ(world.metrics.counter(metric::kDuties, {"AUTH_REQUEST", "signed"}).value(), 1u);
  EXPECT_EQ(error_of(world.typed_data(kBoth, test::rollup_typed_data("BlockProposal"))),
            "NoSigningLockError");
  EXPECT_EQ(error_of(world.typed_data(kBoth, test::rollup_typed_data("SignedTxs"))),
            "MessageNotAllowedError");
}

TEST(SigningService, names_what_failed) {
  ApiWorld world;
  const auto fail = [&](MaySign may_sign, ErrorKind kind) {
    world.test_key->failure = SignFailure{may_sign, Error{kind, "as the test says"}};
  };
  fail(MaySign::has_not_signed, ErrorKind::unavailable);
  EXPECT_EQ(error_of(world.eth_sign(kAttester, kHash, kContext)), "UnavailableError");
  fail(MaySign::has_not_signed, ErrorKind::invalid_input);
  EXPECT_EQ(error_of(world.eth_sign(kAttester, kHash, kContext)), "SignerError");
  EXPECT_EQ(error_of(world.eth_sign(kAttester, kHash, R"({"dutyType":"TXS"})")), "SignerError");
  fail(MaySign::may_have_signed, ErrorKind::timeout);
  const boost::json::value late = world.eth_sign(kAttester, kHash, kContext);
  EXPECT_EQ(error_of(late), "DeadlineExceededError");
  EXPECT_EQ(late.at("error").at("data").at("kind").as_string(), "timeout");
  EXPECT_EQ(late.at("error").at("data").at("dutyType").as_string(), "BLOCK_PROPOSAL");
  world.test_key->failure.reset();
  EXPECT_EQ(error_of(world.eth_sign(kAttester, kOtherHash, kContext)), "SlashingProtectionError");
  EXPECT_EQ(result_of(world.eth_sign(kAttester, kHash, kContext)).size(), 132u);
}

TEST(SigningService, says_that_the_store_is_down) {
  ApiWorld world;
  world.store.inject(MemoryFault::refused);
  EXPECT_EQ(error_of(world.eth_sign(kBoth, kHash, kContext)), "UnavailableError");
  EXPECT_EQ(result_of(world.eth_sign(kBoth, kHash, kContext)), kSignature);
}

TEST(SigningService, gives_up_waiting_at_the_deadline_of_the_request) {
  SigningServiceSettings settings;
  settings.request_deadline = 500ms;
  ApiWorld world(settings);
  ASSERT_TRUE(world.store.insert_stock_row(stock_duty(kHash), "stock", kStockToken));
  const MonotonicTime before = world.clock.now();
  EXPECT_EQ(error_of(world.eth_sign(kBoth, kHash, kContext)), "SigningInProgressError");
  EXPECT_LE(world.clock.now() - before, 500ms);
}

TEST(SigningService, counts_calls_by_method_and_outcome) {
  ApiWorld world;
  world.eth_sign(kBoth, kHash, kContext);
  world.eth_sign(kBoth, kOtherHash, kContext);
  world.call("nothing", "[]");
  const auto calls = [&](std::string_view method, std::string_view outcome) {
    return world.metrics.counter(metric::kRpcCalls, {method, outcome}).value();
  };
  EXPECT_EQ(calls("eth_sign", "ok"), 1u);
  EXPECT_EQ(calls("eth_sign", "SlashingProtectionError"), 1u);
  EXPECT_EQ(calls("other", "MethodNotFoundError"), 1u);
  EXPECT_EQ(world.metrics.histogram(metric::kRpcSeconds).count(), 3u);
}

}  // namespace
}  // namespace holdfast
