// Turns the words after a command's name into settings and options.
// Thread rule: the main thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"

namespace holdfast::cli {

struct ParsedWords {
  bool help = false;
  std::map<SettingId, std::string> flags;
  OptionValues options;
};

/** Flags take their value as the next word or after '='; a boolean setting may stand alone, which
    means true. invalid_input for a word or flag that the command does not know, a missing value,
    and a flag that is given twice. */
Result<ParsedWords> parse_words(const CommandSpec& command, std::vector<std::string> words);

}  // namespace holdfast::cli
