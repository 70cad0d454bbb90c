// Why a message is not signed. A refusal is an answer, not an error: it carries its evidence, has
// a stable name that clients switch on, and a text for people.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "duty/duty.h"

namespace holdfast {

enum class RefusalReason : std::uint8_t {
  /** Never given on purpose; treated as a refusal like all others. */
  unknown = 0,
  /** The same message is signed already: expected in HA. */
  duty_already_signed,
  /** Another message is signed, or pinned, for this duty. */
  slashing_protection,
  /** Somebody else was signing it for as long as we may wait. */
  signing_in_progress,
  /** Our lock was taken over before the signature was recorded; the signature was dropped. */
  signing_lock_lost,
  /** The slot lies at or below the watermark of what was pruned. */
  below_watermark,
  /** The database may have lost what was signed for this slot (S4). */
  quarantined,
  /** Gated mode: no row in the database says that this message is being signed. */
  no_signing_lock,
};

/** Aztec's class names where Aztec has the error ("DutyAlreadySignedError"), ours in the same
    form otherwise. Stable: clients and alerts match on them. */
std::string_view error_name_of(RefusalReason reason) noexcept;

/** "duty_already_signed": the metric label and log field. */
std::string_view name_of(RefusalReason reason) noexcept;

struct Refusal {
  RefusalReason reason = RefusalReason::unknown;
  DutyKey key;
  /** The hash that was asked for. */
  MessageHash attempted_hash;
  /** The hash that stands in the way, where there is one. */
  std::optional<MessageHash> existing_hash;
  /** The node that holds or signed it; empty when unknown. */
  std::string node_id;
  /** below_watermark and quarantined: the highest slot that is refused, where it is known. */
  std::optional<Slot> watermark;

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

/** The sentence for people: Aztec's own wording where Aztec has the error. */
std::string message_of(const Refusal& refusal);

}  // namespace holdfast
