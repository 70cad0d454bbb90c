#include "cli/command.h"

#include <ostream>

namespace holdfast::cli {

void complain(CommandCall& call, std::string_view message) {
  while (!message.empty()) {
    const auto end = message.find('\n');
    call.err << "holdfast: " << message.substr(0, end) << '\n';
    message = end == std::string_view::npos ? std::string_view() : message.substr(end + 1);
  }
}

std::optional<Settings> settings_of(CommandCall& call) {
  Result<Settings> settings = resolve_settings(call.sources);
  if (!settings) {
    complain(call, settings.error().message);
    return std::nullopt;
  }
  for (const std::string& warning : settings->warnings()) complain(call, "warning: " + warning);
  return std::move(*settings);
}

}  // namespace holdfast::cli
