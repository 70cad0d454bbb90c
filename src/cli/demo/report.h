// The audit as people and programs read it. Pure.
#pragma once

#include <string>

#include "cli/demo/audit.h"
#include "cli/table_output.h"

namespace holdfast::cli::demo {

/** One row for each duty type and one for all: due, signed, missed, double-signed, and how many
    each of `nodes` nodes signed first. */
Table audit_table(const AuditReport& report, std::size_t nodes);

/** The table, the refusals, the gaps and the verdict, in sentences. */
std::string audit_text(const AuditReport& report, std::size_t nodes);

}  // namespace holdfast::cli::demo
