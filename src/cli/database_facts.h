// What a database says of itself, asked by a command on behalf of a node (S4). Nothing is decided
// and nothing is remembered: that is the signer's ReleaseMemory.
// Thread rule: one thread, which waits for the answer.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "cli/duties_look.h"
#include "protection/database_pin.h"
#include "store/database_watch.h"

namespace holdfast::cli {

/** Asks on behalf of a node and keeps what was found. `memory` is what the node remembers, null
    where it has no journal; it outlives this object. */
class FactsOfDatabase final : public DatabaseWatch {
 public:
  FactsOfDatabase(std::string node_id, const NodeMemory* memory)
      : node_id_(std::move(node_id)), memory_(memory) {}

  DatabaseQuestion question() const override {
    DatabaseQuestion question;
    question.node_id = node_id_;
    if (memory_ == nullptr) return question;
    question.newest_release = memory_->beat().newest_release;
    question.beat = memory_->beat().beat;
    return question;
  }
  Result<void> on_database(const DatabaseQuestion&, const DatabaseFacts& found) override {
    facts = found;
    return {};
  }

  std::optional<DatabaseFacts> facts;

 private:
  std::string node_id_;
  const NodeMemory* memory_;
};

/** What the database says of itself, through a store that only looks and that `watch` was given
    to. */
Result<DatabaseFacts> facts_through(Look& look, const FactsOfDatabase& watch);

/** "accepted", "would begin a quarantine: new_timeline", "refused: ..." */
std::string text_of(const DatabaseVerdict& verdict);

}  // namespace holdfast::cli
