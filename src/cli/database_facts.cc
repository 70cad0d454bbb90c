#include "cli/database_facts.h"

#include <variant>

#include <fmt/format.h>

namespace holdfast::cli {

Result<DatabaseFacts> facts_through(Look& look, const FactsOfDatabase& watch) {
  const Result<StoreState> state = look.ask(look.store().check());
  if (!state) return state.error();
  if (watch.facts) return *watch.facts;
  return Error{ErrorKind::unknown, "the database said nothing about itself"};
}

std::string text_of(const DatabaseVerdict& verdict) {
  if (const auto* refused = std::get_if<RefuseDatabase>(&verdict))
    return "refused: " + refused->why;
  if (const auto* lost = std::get_if<QuarantineDatabase>(&verdict)) {
    return fmt::format("would begin a quarantine: {}", name_of(lost->reason));
  }
  return "accepted";
}

}  // namespace holdfast::cli
