#include "duty/typed_data_facts.h"

#include <limits>

#include <gtest/gtest.h>

#include "unit/duty/example_typed_data.h"

namespace holdfast {
namespace {

using test::rollup_message;
using test::signal;
using test::vote;

SigningContext context_of(DutyType type, std::int64_t slot) {
  SigningContext context;
  context.duty_type = type;
  context.slot = slot;
  return context;
}

struct RollupRow {
  std::string_view primary_type;
  DutyType type;
};

constexpr RollupRow kRollupRows[] = {
    {"BlockProposal", DutyType::block_proposal},
    {"CheckpointProposal", DutyType::checkpoint_proposal},
    {"CheckpointAttestation", DutyType::attestation},
    {"AttestationsAndSigners", DutyType::attestations_and_signers},
};

TEST(TypedDataFacts, knows_the_duties_of_the_rollups_domain) {
  for (const RollupRow& row : kRollupRows) {
    SCOPED_TRACE(row.primary_type);
    const TypedDataFacts facts = facts_of(rollup_message(row.primary_type));
    EXPECT_EQ(facts.data_class, TypedDataClass::duty);
    EXPECT_EQ(facts.duty_type, row.type);
    EXPECT_FALSE(facts.fits_either_vote);
    EXPECT_EQ(facts.slot, std::nullopt);
  }
}

TEST(TypedDataFacts, tells_what_is_harmless_and_what_gives_up_the_stake) {
  EXPECT_EQ(facts_of(rollup_message("SignedTxs")).data_class, TypedDataClass::txs);
  EXPECT_EQ(facts_of(rollup_message("AttesterExit")).data_class, TypedDataClass::attester_exit);
}

TEST(TypedDataFacts, knows_the_votes_under_old_and_new_names_and_their_slots) {
  for (const std::string_view domain : {"TallySlashingProposer", "SlashingProposer"}) {
    SCOPED_TRACE(domain);
    const TypedDataFacts facts = facts_of(vote(R"("12345")", domain));
    EXPECT_EQ(facts.data_class, TypedDataClass::duty);
    EXPECT_EQ(facts.duty_type, DutyType::slashing_vote);
    EXPECT_FALSE(facts.fits_either_vote);
    EXPECT_EQ(facts.slot, Slot(12345));
  }
  const TypedDataFacts facts = facts_of(signal("100"));
  EXPECT_EQ(facts.data_class, TypedDataClass::duty);
  EXPECT_EQ(facts.duty_type, DutyType::governance_vote);
  EXPECT_TRUE(facts.fits_either_vote);
  EXPECT_EQ(facts.slot, Slot(100));
}

TEST(TypedDataFacts, reads_the_slot_of_a_vote_up_to_its_bound) {
  EXPECT_EQ(facts_of(vote("0")).slot, Slot(0));
  EXPECT_EQ(facts_of(vote(R"("0")")).slot, Slot(0));
  EXPECT_EQ(facts_of(vote(R"("9007199254740993")")).slot, Slot(9007199254740993));
  EXPECT_EQ(facts_of(vote(R"("9223372036854775807")")).slot,
            Slot(std::numeric_limits<std::int64_t>::max()));
}

TEST(TypedDataFacts, does_not_know_a_vote_whose_slot_it_cannot_hold) {
  for (const std::string_view slot : {R"("9223372036854775808")", "9223372036854775808",
                                      R"("18446744073709551615")", R"("0x64")"}) {
    SCOPED_TRACE(slot);
    EXPECT_EQ(facts_of(vote(slot)).data_class, TypedDataClass::unknown);
    EXPECT_EQ(facts_of(signal(slot)).data_class, TypedDataClass::unknown);
  }
}

TEST(TypedDataFacts, does_not_know_a_vote_without_a_slot) {
  const TypedData old_vote = test::parsed_typed_data(
      "SlashingProposer", "Vote", R"([{"name":"votes","type":"bytes"}])", R"({"votes":"0xe4"})");
  EXPECT_EQ(facts_of(old_vote).data_class, TypedDataClass::unknown);
}

TEST(TypedDataFacts, does_not_know_a_message_in_another_domain_or_under_another_name) {
  EXPECT_EQ(facts_of(rollup_message("BlockProposal", "EmpireBase")).data_class,
            TypedDataClass::unknown);
  EXPECT_EQ(facts_of(rollup_message("BlockProposal", "Aztec rollup")).data_class,
            TypedDataClass::unknown);
  EXPECT_EQ(facts_of(rollup_message("blockProposal")).data_class, TypedDataClass::unknown);
  EXPECT_EQ(facts_of(rollup_message("Permit")).data_class, TypedDataClass::unknown);
  EXPECT_EQ(facts_of(rollup_message("SignedTxs", "Other Rollup")).data_class,
            TypedDataClass::unknown);
  EXPECT_EQ(facts_of(vote("1", "Aztec Rollup")).data_class, TypedDataClass::unknown);
  EXPECT_EQ(facts_of(vote("1", "EmpireBase")).data_class, TypedDataClass::unknown);
  EXPECT_EQ(facts_of(signal("1", "SlashingProposer")).data_class, TypedDataClass::unknown);
}

TEST(CheckContext, takes_each_duty_for_its_own_type_only) {
  for (const RollupRow& row : kRollupRows) {
    const TypedDataFacts facts = facts_of(rollup_message(row.primary_type));
    for (const DutyType type : kProtectedDutyTypes) {
      SCOPED_TRACE(std::string(row.primary_type) + " as " + std::string(name_of(type)));
      EXPECT_EQ(check_context(facts, context_of(type, 100)).has_value(), type == row.type);
    }
  }
}

TEST(CheckContext, takes_a_signal_for_either_vote_and_a_vote_for_slashing_only) {
  for (const DutyType type : kProtectedDutyTypes) {
    SCOPED_TRACE(name_of(type));
    const SigningContext context = context_of(type, 100);
    EXPECT_EQ(check_context(facts_of(signal("100")), context).has_value(), is_vote(type));
    EXPECT_EQ(check_context(facts_of(vote("100")), context).has_value(),
              type == DutyType::slashing_vote);
  }
}

TEST(CheckContext, refuses_a_vote_for_another_slot_and_names_both) {
  for (const std::int64_t slot : {99, 101, 0}) {
    const Result<void> checked =
        check_context(facts_of(vote("100")), context_of(DutyType::slashing_vote, slot));
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().kind, ErrorKind::invalid_input);
    EXPECT_NE(checked.error().message.find("slot 100"), std::string::npos);
    EXPECT_NE(checked.error().message.find("slot " + std::to_string(slot)), std::string::npos);
  }
  SigningContext no_slot;
  no_slot.duty_type = DutyType::slashing_vote;
  EXPECT_FALSE(check_context(facts_of(vote("0")), no_slot).has_value());
}

TEST(CheckContext, refuses_what_is_no_duty) {
  for (const std::string_view primary_type : {"SignedTxs", "AttesterExit", "Permit"}) {
    for (const DutyType type : kProtectedDutyTypes) {
      SCOPED_TRACE(std::string(primary_type) + " as " + std::string(name_of(type)));
      const Result<void> checked =
          check_context(facts_of(rollup_message(primary_type)), context_of(type, 100));
      ASSERT_FALSE(checked.has_value());
      EXPECT_EQ(checked.error().kind, ErrorKind::invalid_input);
    }
  }
}

}  // namespace
}  // namespace holdfast
