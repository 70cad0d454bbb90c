#include "duty/duty_type.h"

#include <algorithm>
#include <utility>

namespace holdfast {
namespace {

constexpr std::array<std::pair<DutyType, std::string_view>, 8> kNames = {{
    {DutyType::block_proposal, "BLOCK_PROPOSAL"},
    {DutyType::checkpoint_proposal, "CHECKPOINT_PROPOSAL"},
    {DutyType::attestation, "ATTESTATION"},
    {DutyType::attestations_and_signers, "ATTESTATIONS_AND_SIGNERS"},
    {DutyType::governance_vote, "GOVERNANCE_VOTE"},
    {DutyType::slashing_vote, "SLASHING_VOTE"},
    {DutyType::auth_request, "AUTH_REQUEST"},
    {DutyType::txs, "TXS"},
}};

}  // namespace

std::string_view name_of(DutyType type) noexcept {
  const auto* const found = std::find_if(kNames.begin(), kNames.end(),
                                         [&](const auto& pair) { return pair.first == type; });
  return found == kNames.end() ? "UNKNOWN" : found->second;
}

std::optional<DutyType> duty_type_from_name(std::string_view name) noexcept {
  const auto* const found = std::find_if(kNames.begin(), kNames.end(),
                                         [&](const auto& pair) { return pair.second == name; });
  if (found == kNames.end()) return std::nullopt;
  return found->first;
}

bool is_protected(DutyType type) noexcept {
  return std::find(kProtectedDutyTypes.begin(), kProtectedDutyTypes.end(), type) !=
         kProtectedDutyTypes.end();
}

bool is_vote(DutyType type) noexcept {
  return type == DutyType::governance_vote || type == DutyType::slashing_vote;
}

}  // namespace holdfast
