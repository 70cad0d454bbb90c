#include "cli/command_line.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace holdfast::cli {
namespace {

/** Letters only, and few: no password, key or URL that should not be repeated. */
bool is_plain_word(std::string_view word) {
  constexpr std::size_t kPlainMax = 12;
  return word.size() <= kPlainMax &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

/** CLI11's text, with the flag that was probably meant. */
std::string explained(const CLI::ParseError& error, const CommandSpec& command,
                      const std::vector<std::string>& unknown) {
  if (unknown.empty()) return error.what();
  std::vector<std::string_view> known = {"--help"};
  for (const SettingId id : command.settings) known.push_back(setting_of(id).flag);
  for (const OptionSpec& option : command.options) known.push_back(option.flag);
  // The value of an unknown flag may be a secret, so only the flag itself is repeated.
  const std::string word = unknown.front().substr(0, unknown.front().find('='));
  if (!word.starts_with('-')) {
    return fmt::format("{} belongs to no flag; every value follows its flag",
                       is_plain_word(word) ? "'" + word + "'" : "a word of the command line");
  }
  const auto near = nearest_name(word, known);
  return fmt::format("unknown flag {}{}", word,
                     near ? fmt::format("; did you mean {}?", *near) : "");
}

}  // namespace

Result<ParsedWords> parse_words(const CommandSpec& command, std::vector<std::string> words) {
  CLI::App app;
  app.set_help_flag();
  // Unknown words are looked at afterwards, for a better message than CLI11's.
  app.allow_extras();
  CLI::Option* const help = app.add_flag("-h,--help");
  std::map<SettingId, CLI::Option*> settings;
  for (const SettingId id : command.settings) {
    const Setting& setting = setting_of(id);
    CLI::Option* const option = app.add_option(std::string(setting.flag));
    option->expected(setting.type == SettingType::boolean ? 0 : 1, 1);
    settings.emplace(id, option);
  }
  std::map<std::string_view, CLI::Option*> options;
  for (const OptionSpec& spec : command.options) {
    const std::string flag(spec.flag);
    options.emplace(spec.flag, spec.value_name.empty() ? app.add_flag(flag)
                                                       : app.add_option(flag)->expected(1));
  }
  ParsedWords parsed;
  try {
    std::reverse(words.begin(), words.end());
    app.parse(std::move(words));
    parsed.help = help->count() > 0;
    if (!app.remaining().empty() && !parsed.help) {
      throw CLI::ExtrasError(app.remaining());
    }
    for (const auto& [id, option] : settings) {
      if (option->count() == 0) continue;
      const std::vector<std::string> results = option->results();
      parsed.flags[id] = results.empty() || (setting_of(id).type == SettingType::boolean &&
                                             results.front().empty())
                             ? "true"
                             : results.front();
      if (results.size() > 1) {
        return Error{ErrorKind::invalid_input,
                     fmt::format("{} is given more than once", setting_of(id).flag)};
      }
    }
    for (const auto& [flag, option] : options) {
      if (option->count() == 0) continue;
      const std::vector<std::string> results = option->results();
      const bool is_switch = option->get_items_expected_max() == 0;
      if (results.size() > 1) {
        return Error{ErrorKind::invalid_input, fmt::format("{} is given more than once", flag)};
      }
      parsed.options[std::string(flag)] = is_switch ? "" : results.front();
    }
  } catch (const CLI::ParseError& error) {
    return Error{ErrorKind::invalid_input, explained(error, command, app.remaining())};
  }
  return parsed;
}

}  // namespace holdfast::cli
