// Checklist of reference section 4.7, items 100 to 108: how a context becomes a duty.
#include "duty/signing_context.h"

#include <functional>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "support/example_duty.h"

namespace holdfast {
namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLargestIndex = std::numeric_limits<std::int32_t>::max();

DutySigner example_signer() {
  const DutyKey key = test::example_duty().key;
  return {.rollup_address = key.rollup_address, .validator_address = key.validator_address};
}

/** A context of that type with all that the type needs, and no more. */
SigningContext complete(DutyType type) {
  SigningContext context;
  context.duty_type = type;
  context.slot = 100;
  if (!is_vote(type)) context.block_number = 50;
  if (type == DutyType::block_proposal) context.block_index_within_checkpoint = 3;
  return context;
}

Result<Duty> duty_of(const SigningContext& context) {
  return duty_from_context(context, example_signer(), test::hash_of(0xaa));
}

TEST(SigningContext, becomes_a_duty_of_the_signer_and_the_hash) {
  for (const DutyType type : kProtectedDutyTypes) {
    SCOPED_TRACE(name_of(type));
    const Result<Duty> duty = duty_of(complete(type));
    ASSERT_TRUE(duty.has_value()) << duty.error().message;
    EXPECT_EQ(duty->key.rollup_address, example_signer().rollup_address);
    EXPECT_EQ(duty->key.validator_address, example_signer().validator_address);
    EXPECT_EQ(duty->key.duty_type, type);
    EXPECT_EQ(duty->key.slot, Slot(100));
    EXPECT_EQ(duty->message_hash, test::hash_of(0xaa));
  }
}

TEST(SigningContext, item_100_and_104_keeps_the_index_of_a_block_proposal) {
  for (const std::int64_t index : {std::int64_t{0}, std::int64_t{1}, kLargestIndex}) {
    SigningContext context = complete(DutyType::block_proposal);
    context.block_index_within_checkpoint = index;
    const Result<Duty> duty = duty_of(context);
    ASSERT_TRUE(duty.has_value());
    EXPECT_EQ(duty->key.block_index_within_checkpoint.number(), index);
  }
}

TEST(SigningContext, item_103_and_105_stores_minus_1_for_every_other_duty) {
  for (const DutyType type : kProtectedDutyTypes) {
    if (type == DutyType::block_proposal) continue;
    SCOPED_TRACE(name_of(type));
    const Result<Duty> duty = duty_of(complete(type));
    ASSERT_TRUE(duty.has_value());
    EXPECT_EQ(duty->key.block_index_within_checkpoint, kNoBlockIndex);
    if (is_vote(type)) continue;
    // Aztec ignores an index here, and so do we: two requests that differ in it are one duty.
    SigningContext with_index = complete(type);
    with_index.block_index_within_checkpoint = 7;
    const Result<Duty> same = duty_of(with_index);
    ASSERT_TRUE(same.has_value());
    EXPECT_EQ(same->key, duty->key);
  }
}

TEST(SigningContext, item_106_keeps_the_block_and_the_checkpoint_number) {
  for (const DutyType type : {DutyType::block_proposal, DutyType::checkpoint_proposal,
                              DutyType::attestation, DutyType::attestations_and_signers}) {
    SCOPED_TRACE(name_of(type));
    SigningContext context = complete(type);
    context.checkpoint_number = 9;
    const Result<Duty> duty = duty_of(context);
    ASSERT_TRUE(duty.has_value());
    EXPECT_EQ(duty->block_number, BlockNumber(50));
    EXPECT_EQ(duty->checkpoint_number, CheckpointNumber(9));
  }
}

TEST(SigningContext, takes_a_checkpoint_number_alone_as_the_newer_line_sends_it) {
  for (const DutyType type :
       {DutyType::checkpoint_proposal, DutyType::attestation, DutyType::attestations_and_signers}) {
    SCOPED_TRACE(name_of(type));
    SigningContext context = complete(type);
    context.block_number.reset();
    context.checkpoint_number = 9;
    const Result<Duty> duty = duty_of(context);
    ASSERT_TRUE(duty.has_value()) << duty.error().message;
    EXPECT_EQ(duty->block_number, BlockNumber(0));
    EXPECT_EQ(duty->checkpoint_number, CheckpointNumber(9));
  }
}

TEST(SigningContext, item_107_records_votes_with_block_number_0) {
  for (const DutyType type : {DutyType::governance_vote, DutyType::slashing_vote}) {
    for (const std::int64_t slot : {std::int64_t{0}, std::int64_t{100}}) {
      SigningContext context = complete(type);
      context.slot = slot;
      const Result<Duty> duty = duty_of(context);
      ASSERT_TRUE(duty.has_value());
      EXPECT_EQ(duty->block_number, BlockNumber(0));
      EXPECT_EQ(duty->checkpoint_number, CheckpointNumber(0));
      EXPECT_EQ(duty->key.slot, Slot(slot));
    }
  }
}

TEST(SigningContext, item_108_takes_numbers_up_to_2_to_the_63_less_1) {
  for (const std::int64_t number :
       {std::int64_t{0}, (std::int64_t{1} << 53) - 1, std::int64_t{1} << 53, kLargest}) {
    SigningContext context = complete(DutyType::checkpoint_proposal);
    context.slot = number;
    context.block_number = number;
    context.checkpoint_number = number;
    const Result<Duty> duty = duty_of(context);
    ASSERT_TRUE(duty.has_value());
    EXPECT_EQ(duty->key.slot, Slot(number));
    EXPECT_EQ(duty->block_number, BlockNumber(number));
    EXPECT_EQ(duty->checkpoint_number, CheckpointNumber(number));
  }
}

struct Refused {
  const char* name;
  DutyType type;
  std::function<void(SigningContext&)> change;
  std::string field;
};

void PrintTo(const Refused& row, std::ostream* out) {
  *out << row.name;
}

class RefusedContexts : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedContexts, name_the_field) {
  SigningContext context = complete(GetParam().type);
  ASSERT_TRUE(duty_of(context).has_value());
  GetParam().change(context);
  const Result<Duty> duty = duty_of(context);
  ASSERT_FALSE(duty.has_value());
  EXPECT_EQ(duty.error().kind, ErrorKind::invalid_input);
  EXPECT_NE(duty.error().message.find(GetParam().field), std::string::npos) << duty.error().message;
  EXPECT_NE(duty.error().message.find(name_of(GetParam().type)), std::string::npos)
      << duty.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    SigningContext, RefusedContexts,
    ::testing::Values(
        Refused{"no_slot", DutyType::attestation, [](auto& c) { c.slot.reset(); }, "slot"},
        Refused{"no_slot_in_a_vote", DutyType::slashing_vote, [](auto& c) { c.slot.reset(); },
                "slot"},
        Refused{"a_negative_slot", DutyType::governance_vote, [](auto& c) { c.slot = -1; }, "slot"},
        Refused{"item_101_no_index", DutyType::block_proposal,
                [](auto& c) { c.block_index_within_checkpoint.reset(); },
                "blockIndexWithinCheckpoint"},
        Refused{"item_102_an_index_of_minus_1", DutyType::block_proposal,
                [](auto& c) { c.block_index_within_checkpoint = -1; },
                "blockIndexWithinCheckpoint"},
        Refused{"item_102_an_index_of_minus_5", DutyType::block_proposal,
                [](auto& c) { c.block_index_within_checkpoint = -5; },
                "blockIndexWithinCheckpoint"},
        Refused{"an_index_of_2_to_the_31", DutyType::block_proposal,
                [](auto& c) { c.block_index_within_checkpoint = kLargestIndex + 1; },
                "blockIndexWithinCheckpoint"},
        Refused{"an_index_of_2_to_the_32", DutyType::block_proposal,
                [](auto& c) { c.block_index_within_checkpoint = std::int64_t{1} << 32; },
                "blockIndexWithinCheckpoint"},
        Refused{"a_block_proposal_with_a_checkpoint_only", DutyType::block_proposal,
                [](auto& c) {
                  c.block_number.reset();
                  c.checkpoint_number = 1;
                },
                "blockNumber"},
        Refused{"no_number_in_an_attestation", DutyType::attestation,
                [](auto& c) { c.block_number.reset(); }, "checkpointNumber"},
        Refused{"no_number_in_a_checkpoint", DutyType::checkpoint_proposal,
                [](auto& c) { c.block_number.reset(); }, "checkpointNumber"},
        Refused{"no_number_in_attestations_and_signers", DutyType::attestations_and_signers,
                [](auto& c) { c.block_number.reset(); }, "checkpointNumber"},
        Refused{"a_negative_block_number", DutyType::attestation,
                [](auto& c) { c.block_number = -1; }, "blockNumber"},
        Refused{"a_negative_checkpoint_number", DutyType::attestation,
                [](auto& c) { c.checkpoint_number = -1; }, "checkpointNumber"},
        Refused{"a_block_number_in_a_vote", DutyType::governance_vote,
                [](auto& c) { c.block_number = 0; }, "blockNumber"},
        Refused{"a_checkpoint_number_in_a_vote", DutyType::slashing_vote,
                [](auto& c) { c.checkpoint_number = 0; }, "checkpointNumber"},
        Refused{"an_index_in_a_vote", DutyType::governance_vote,
                [](auto& c) { c.block_index_within_checkpoint = -1; },
                "blockIndexWithinCheckpoint"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(SigningContext, stops_the_process_when_asked_for_an_unprotected_duty) {
  for (const DutyType type : {DutyType::unknown, DutyType::auth_request, DutyType::txs}) {
    SigningContext context = complete(DutyType::attestation);
    context.duty_type = type;
    EXPECT_DEATH((void)duty_of(context), "is_protected");
  }
}

}  // namespace
}  // namespace holdfast
