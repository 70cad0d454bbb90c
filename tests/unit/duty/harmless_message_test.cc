#include "duty/harmless_message.h"

#include <type_traits>

#include <gtest/gtest.h>

#include "unit/duty/example_typed_data.h"

namespace holdfast {
namespace {

static_assert(!std::is_default_constructible_v<HarmlessMessage>);
static_assert(!std::is_constructible_v<HarmlessMessage, DutyType, SignableMessage>,
              "only the two functions that check make a harmless message");

SignableMessage message_of(MessageForm form) {
  SignableMessage message;
  message.form = form;
  message.message_hash.bytes.fill(0x5a);
  return message;
}

/** What from_context says of typed data with that primary type in the rollup's domain. */
Result<HarmlessMessage> of_typed_data(DutyType type, std::string_view primary_type) {
  return HarmlessMessage::from_context(type, message_of(MessageForm::typed_data),
                                       facts_of(test::rollup_message(primary_type)));
}

TEST(HarmlessMessage, takes_eth_sign_for_both_types) {
  for (const DutyType type : {DutyType::auth_request, DutyType::txs}) {
    SCOPED_TRACE(name_of(type));
    const Result<HarmlessMessage> message =
        HarmlessMessage::from_context(type, message_of(MessageForm::eth_sign), std::nullopt);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->type(), type);
    EXPECT_EQ(message->message().message_hash, message_of(MessageForm::eth_sign).message_hash);
  }
}

TEST(HarmlessMessage, takes_typed_data_only_when_it_is_signed_txs) {
  EXPECT_TRUE(of_typed_data(DutyType::txs, "SignedTxs").has_value());
  EXPECT_FALSE(of_typed_data(DutyType::auth_request, "SignedTxs").has_value());
}

TEST(HarmlessMessage, refuses_a_duty_under_a_harmless_name) {
  for (const std::string_view primary_type :
       {"BlockProposal", "CheckpointProposal", "CheckpointAttestation", "AttestationsAndSigners",
        "AttesterExit", "Permit"}) {
    for (const DutyType type : {DutyType::auth_request, DutyType::txs}) {
      SCOPED_TRACE(std::string(primary_type) + " as " + std::string(name_of(type)));
      const Result<HarmlessMessage> message = of_typed_data(type, primary_type);
      ASSERT_FALSE(message.has_value());
      EXPECT_EQ(message.error().kind, ErrorKind::invalid_input);
    }
  }
  for (const TypedData& data : {test::vote("100"), test::signal("100")}) {
    EXPECT_FALSE(HarmlessMessage::from_context(DutyType::txs, message_of(MessageForm::typed_data),
                                               facts_of(data))
                     .has_value());
  }
}

TEST(HarmlessMessage, takes_an_attester_exit_by_its_own_door_only) {
  const SignableMessage message = message_of(MessageForm::typed_data);
  EXPECT_TRUE(
      HarmlessMessage::attester_exit(message, facts_of(test::rollup_message("AttesterExit")))
          .has_value());
  for (const std::string_view primary_type : {"SignedTxs", "BlockProposal", "Permit"}) {
    SCOPED_TRACE(primary_type);
    EXPECT_FALSE(
        HarmlessMessage::attester_exit(message, facts_of(test::rollup_message(primary_type)))
            .has_value());
  }
}

TEST(HarmlessMessage, stops_the_process_when_asked_for_a_duty) {
  for (const DutyType type :
       {DutyType::unknown, DutyType::block_proposal, DutyType::slashing_vote}) {
    EXPECT_DEATH(
        (void)HarmlessMessage::from_context(type, message_of(MessageForm::eth_sign), std::nullopt),
        "auth_request");
  }
}

TEST(HarmlessMessage, stops_the_process_when_typed_data_comes_without_its_facts) {
  EXPECT_DEATH((void)HarmlessMessage::from_context(
                   DutyType::txs, message_of(MessageForm::typed_data), std::nullopt),
               "facts");
}

}  // namespace
}  // namespace holdfast
