#include "duty/duty_type.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

struct Row {
  DutyType type;
  std::string_view name;
  bool is_protected;
  bool is_vote;
};

// The names are Aztec's: they stand in its table's CHECK constraint and in its requests.
constexpr Row kRows[] = {
    {DutyType::block_proposal, "BLOCK_PROPOSAL", true, false},
    {DutyType::checkpoint_proposal, "CHECKPOINT_PROPOSAL", true, false},
    {DutyType::attestation, "ATTESTATION", true, false},
    {DutyType::attestations_and_signers, "ATTESTATIONS_AND_SIGNERS", true, false},
    {DutyType::governance_vote, "GOVERNANCE_VOTE", true, true},
    {DutyType::slashing_vote, "SLASHING_VOTE", true, true},
    {DutyType::auth_request, "AUTH_REQUEST", false, false},
    {DutyType::txs, "TXS", false, false},
};

TEST(DutyType, has_aztecs_names_both_ways) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(name_of(row.type), row.name);
    EXPECT_EQ(duty_type_from_name(row.name), row.type);
  }
  EXPECT_EQ(name_of(DutyType::unknown), "UNKNOWN");
  EXPECT_EQ(name_of(static_cast<DutyType>(200)), "UNKNOWN");
}

TEST(DutyType, is_known_by_its_exact_name_only) {
  for (const std::string_view name :
       {"", "UNKNOWN", "block_proposal", "Block_Proposal", "BLOCK_PROPOSAL ", " BLOCK_PROPOSAL",
        "BLOCKPROPOSAL", "BLOCK-PROPOSAL", "BLOCK_PROPOSALS", "0", "1"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(duty_type_from_name(name), std::nullopt);
  }
}

TEST(DutyType, protects_the_six_types_that_cost_the_stake) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(is_protected(row.type), row.is_protected);
    EXPECT_EQ(is_vote(row.type), row.is_vote);
    EXPECT_EQ(std::count(kProtectedDutyTypes.begin(), kProtectedDutyTypes.end(), row.type),
              row.is_protected ? 1 : 0);
  }
  EXPECT_FALSE(is_protected(DutyType::unknown));
  EXPECT_FALSE(is_vote(DutyType::unknown));
}

}  // namespace
}  // namespace holdfast
