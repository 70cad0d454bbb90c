// The operator's log: what people have said that weakens a node's own memory, in the file
// operator.log beside its journal. Written and durable BEFORE it is done, so that nothing of the
// kind happens without a trace (S4, S8). Thread rule: the main thread; blocks.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "telemetry/log_line.h"

namespace holdfast::cli {

/** Appends a line with the time, the node, the user and `fields`. An error means: do not do it. */
Result<void> log_operators_word(const CommandCall& call, const Settings& settings,
                                std::string_view word, std::vector<LogField> fields);

}  // namespace holdfast::cli
