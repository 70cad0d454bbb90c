#include <ostream>

#include "cli/commands.h"
#include "telemetry/build_info.h"

namespace holdfast::cli {
namespace {

ExitCode run(CommandCall& call) {
  call.out << "holdfast " << build_version() << " (" << build_compiler() << ")\n";
  return ExitCode::done;
}

}  // namespace

CommandSpec version_command() {
  return {.name = "version",
          .summary = "print the version",
          .synopsis = "",
          .description = "Prints the version and the compiler on one line.",
          .settings = {},
          .options = {},
          .files = "",
          .examples = "holdfast version",
          .run = run};
}

}  // namespace holdfast::cli
