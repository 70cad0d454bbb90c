#include "protection/refusal.h"

#include <fmt/format.h>

namespace holdfast {
namespace {

/** The first characters of a hash: Aztec's texts show ten. */
std::string shortened(const MessageHash& hash) {
  return to_text(hash).substr(0, 10) + "...";
}

std::string conflict_message(const Refusal& refusal) {
  const std::string existing =
      refusal.existing_hash ? shortened(*refusal.existing_hash) : std::string("unknown");
  return fmt::format(
      "Slashing protection: {} for slot {} was already signed with different data. Existing: {}, "
      "Attempted: {}",
      name_of(refusal.key.duty_type), refusal.key.slot.number(), existing,
      shortened(refusal.attempted_hash));
}

std::string quarantine_message(const Refusal& refusal) {
  const std::string until =
      refusal.watermark ? fmt::format("slots up to {} are refused", refusal.watermark->number())
                        : std::string("how far the others had come is being learned");
  return fmt::format(
      "{} for slot {} is in quarantine: the database may have lost what was signed for it; {}",
      name_of(refusal.key.duty_type), refusal.key.slot.number(), until);
}

}  // namespace

std::string_view error_name_of(RefusalReason reason) noexcept {
  switch (reason) {
    case RefusalReason::unknown:
      return "RefusedError";
    case RefusalReason::duty_already_signed:
      return "DutyAlreadySignedError";
    case RefusalReason::slashing_protection:
      return "SlashingProtectionError";
    case RefusalReason::signing_in_progress:
      return "SigningInProgressError";
    case RefusalReason::signing_lock_lost:
      return "SigningLockLostError";
    case RefusalReason::below_watermark:
      return "BelowWatermarkError";
    case RefusalReason::quarantined:
      return "QuarantineError";
    case RefusalReason::no_signing_lock:
      return "NoSigningLockError";
  }
  return "RefusedError";
}

std::string_view name_of(RefusalReason reason) noexcept {
  switch (reason) {
    case RefusalReason::unknown:
      return "unknown";
    case RefusalReason::duty_already_signed:
      return "duty_already_signed";
    case RefusalReason::slashing_protection:
      return "slashing_protection";
    case RefusalReason::signing_in_progress:
      return "signing_in_progress";
    case RefusalReason::signing_lock_lost:
      return "signing_lock_lost";
    case RefusalReason::below_watermark:
      return "below_watermark";
    case RefusalReason::quarantined:
      return "quarantined";
    case RefusalReason::no_signing_lock:
      return "no_signing_lock";
  }
  return "unknown";
}

std::string message_of(const Refusal& refusal) {
  const std::string_view duty = name_of(refusal.key.duty_type);
  const std::int64_t slot = refusal.key.slot.number();
  switch (refusal.reason) {
    case RefusalReason::unknown:
      return fmt::format("{} for slot {} is refused: what is known about it makes no sense", duty,
                         slot);
    case RefusalReason::duty_already_signed:
      return fmt::format("Duty {} for slot {} already signed by node {}", duty, slot,
                         refusal.node_id);
    case RefusalReason::slashing_protection:
      return conflict_message(refusal);
    case RefusalReason::signing_in_progress:
      return fmt::format("Duty {} for slot {} is being signed by node {}; gave up waiting", duty,
                         slot, refusal.node_id);
    case RefusalReason::signing_lock_lost:
      return fmt::format(
          "Slashing protection record for {} at slot {} was lost before signing completed (node "
          "{}); discarding signature",
          duty, slot, refusal.node_id);
    case RefusalReason::below_watermark:
      return fmt::format("{} for slot {} lies at or below slot {}, up to which history was pruned",
                         duty, slot, refusal.watermark ? refusal.watermark->number() : slot);
    case RefusalReason::quarantined:
      return quarantine_message(refusal);
    case RefusalReason::no_signing_lock:
      return fmt::format(
          "no duty of {} is being signed with the message hash {}: a gated request "
          "needs the lock of an Aztec node in the same database",
          to_text(refusal.key.validator_address), to_text(refusal.attempted_hash));
  }
  return "refused";
}

}  // namespace holdfast
