// The eight kinds of message that an Aztec validator signs. The names are Aztec's, the same in
// SQL, JSON, logs and metrics.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast {

enum class DutyType : std::uint8_t {
  /** No duty has this type; it is what a forgotten initialisation looks like. */
  unknown = 0,
  block_proposal,
  checkpoint_proposal,
  attestation,
  attestations_and_signers,
  governance_vote,
  slashing_vote,
  auth_request,
  txs,
};

/** The six types that are signed at most once for a duty key. */
inline constexpr std::array<DutyType, 6> kProtectedDutyTypes = {
    DutyType::block_proposal,           DutyType::checkpoint_proposal, DutyType::attestation,
    DutyType::attestations_and_signers, DutyType::governance_vote,     DutyType::slashing_vote};

/** "BLOCK_PROPOSAL" and so on; "UNKNOWN" for unknown. */
std::string_view name_of(DutyType type) noexcept;

/** The type of that exact name; nullopt for any other text, "UNKNOWN" included. */
std::optional<DutyType> duty_type_from_name(std::string_view name) noexcept;

/** True for the six types of kProtectedDutyTypes: signing them twice can cost the stake. */
bool is_protected(DutyType type) noexcept;

/** True for the two votes, which carry only a slot. */
bool is_vote(DutyType type) noexcept;

}  // namespace holdfast
