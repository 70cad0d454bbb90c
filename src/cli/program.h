// The program: finds the command, reads its words, runs it.
// Thread rule: the main thread.
#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "cli/command.h"

namespace holdfast::cli {

/** Every command, in the order of the help. */
std::span<const CommandSpec> all_commands();

/** Runs the program with the words after its own name. Never ends the process. */
ExitCode run_program(std::vector<std::string> words, Environment environment, std::ostream& out,
                     std::ostream& err, SignObserver* extra_observer = nullptr);

/** The two lines of a main(): the process's own words, environment and streams. */
int run_main(int argc, char** argv, SignObserver* extra_observer = nullptr);

}  // namespace holdfast::cli
