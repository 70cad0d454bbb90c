// Why was this duty refused: what the store knows about a duty key, and what a node would do with
// a request for it now, in sentences. The decision is protection/judge.h's own, so what is said
// here is what the signer does.
//
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protection/judge.h"
#include "store/duty_store.h"

namespace holdfast::cli {

struct ExplainQuestion {
  DutyKey key;
  /** The message of the refused request, where it is known. */
  std::optional<MessageHash> message_hash;
  /** The node whose view is taken, and its rules. An empty node id is "a node that has not signed
      it". */
  JudgeRules rules;
  /** Milliseconds since 1970. The age of a lock is told by this; the signer itself asks the
      database's clock. */
  std::int64_t now_ms = 0;
};

/** One sentence or more a line. */
std::vector<std::string> explain(const ExplainQuestion& question,
                                 const std::optional<DutyRow>& row);

}  // namespace holdfast::cli
