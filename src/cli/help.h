// The help of the program and of each command, in the order of a manual page.
#pragma once

#include <span>
#include <string>

#include "cli/command.h"

namespace holdfast::cli {

/** NAME, SYNOPSIS, DESCRIPTION, OPTIONS, ENVIRONMENT, FILES, EXIT STATUS, EXAMPLES. */
std::string help_of(const CommandSpec& command);

/** The same of the program: its commands with their summaries. */
std::string help_of_program(std::span<const CommandSpec> commands);

/** The commands below a group such as "duties"; empty when there is no such group. */
std::string help_of_group(std::string_view group, std::span<const CommandSpec> commands);

/** The text in lines of at most `width` columns after `indent` spaces; lines that begin with a
    space are kept. Ends with a line end unless it is empty. */
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width = 80);

}  // namespace holdfast::cli
