// What a node's own memory says to a duty, before the store is asked. Pure.
//
// Invariants: S8 (a release of our own is never contradicted, even if the database forgets), S3
// (below the journal's watermark nothing is signed), S4 (a quarantine refuses).
#pragma once

#include <optional>
#include <string>

#include "protection/node_memory.h"
#include "protection/refusal.h"

namespace holdfast {

/** Why the duty must not be signed, or nullopt when the memory has nothing against it:
    - another message was released, or may have been, for it: slashing_protection;
    - its slot lies at or below the journal's watermark: below_watermark;
    - it is in quarantine: quarantined, and that even if this very message is remembered, for an
      entry says that the message may have been released and not that nobody released another. */
std::optional<Refusal> judge_memory(const Duty& attempt, const NodeMemory& memory,
                                    const std::string& node_id);

/** The refusal of a duty that is in quarantine. */
Refusal quarantined(const Duty& attempt, const Quarantine& quarantine);

}  // namespace holdfast
