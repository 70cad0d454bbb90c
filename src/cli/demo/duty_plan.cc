#include "cli/demo/duty_plan.h"

#include "base/check.h"

namespace holdfast::cli::demo {

std::vector<DueMoment> duties_of_slot(Slot slot, std::size_t validators,
                                      std::chrono::milliseconds slot_length) {
  CHECK(validators > 0);
  const std::size_t proposer = static_cast<std::size_t>(slot.number()) % validators;
  const auto duty = [&](DutyType type, BlockIndex index = kNoBlockIndex) {
    return DueDuty{.slot = slot, .type = type, .validator = proposer, .block_index = index};
  };
  const auto percent = [&](int share) { return slot_length * share / 100; };

  std::vector<DueMoment> moments;
  moments.push_back({percent(0), {duty(DutyType::auth_request)}});
  for (int block = 0; block < 3; ++block) {
    moments.push_back(
        {percent(5 + 15 * block), {duty(DutyType::block_proposal, BlockIndex(block))}});
  }
  moments.push_back({percent(50), {duty(DutyType::checkpoint_proposal)}});
  DueMoment attestations{percent(60), {}};
  for (std::size_t validator = 0; validator < validators; ++validator) {
    attestations.duties.push_back({.slot = slot,
                                   .type = DutyType::attestation,
                                   .validator = validator,
                                   .block_index = kNoBlockIndex});
  }
  moments.push_back(std::move(attestations));
  moments.push_back({percent(70), {duty(DutyType::attestations_and_signers), duty(DutyType::txs)}});
  moments.push_back(
      {percent(80), {duty(DutyType::governance_vote), duty(DutyType::slashing_vote)}});
  return moments;
}

}  // namespace holdfast::cli::demo
