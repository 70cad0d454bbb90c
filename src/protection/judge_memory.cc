#include "protection/judge_memory.h"

namespace holdfast {
namespace {

Refusal refusal(RefusalReason reason, const Duty& attempt) {
  return {.reason = reason,
          .key = attempt.key,
          .attempted_hash = attempt.message_hash,
          .existing_hash = std::nullopt,
          .node_id = {},
          .watermark = std::nullopt};
}

}  // namespace

Refusal quarantined(const Duty& attempt, const Quarantine& quarantine) {
  Refusal refused = refusal(RefusalReason::quarantined, attempt);
  const auto floor = quarantine.floors.find(attempt.key.rollup_address);
  if (!quarantine.learning && floor != quarantine.floors.end()) refused.watermark = floor->second;
  return refused;
}

std::optional<Refusal> judge_memory(const Duty& attempt, const NodeMemory& memory,
                                    const std::string& node_id) {
  const std::optional<MessageHash> released = memory.released(attempt.key);
  // test: refuses_another_message_than_the_one_that_was_released
  if (released && *released != attempt.message_hash) {
    Refusal refused = refusal(RefusalReason::slashing_protection, attempt);
    refused.existing_hash = released;
    refused.node_id = node_id;
    return refused;
  }
  const std::optional<Slot> watermark = memory.watermark(attempt.key);
  if (watermark && attempt.key.slot <= *watermark) {
    Refusal refused = refusal(RefusalReason::below_watermark, attempt);
    refused.watermark = watermark;
    return refused;
  }
  const std::optional<Quarantine>& quarantine = memory.quarantine();
  if (quarantine && refuses(*quarantine, attempt.key.rollup_address, attempt.key.slot)) {
    return quarantined(attempt, *quarantine);
  }
  return std::nullopt;
}

}  // namespace holdfast
