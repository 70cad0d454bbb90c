#include "cli/help.h"

#include <fmt/format.h>

namespace holdfast::cli {
namespace {

constexpr std::size_t kIndent = 7;
constexpr std::size_t kHelpIndent = 14;

constexpr std::string_view kExitStatus =
    "0  done\n"
    "1  refused, or failed while it ran\n"
    "2  the command line or the configuration is wrong; nothing was tried";

void append_section(std::string& out, std::string_view title, std::string_view body) {
  if (body.empty()) return;
  if (!out.empty()) out += '\n';
  out += fmt::format("{}\n{}", title, body);
}

/** Each line as it is, wrapped only where it is too long for a terminal. */
std::string kept_lines(std::string_view text) {
  constexpr std::size_t kLineMax = 93;
  std::string out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.size() > kLineMax) {
      out += wrapped(line, kIndent);
    } else {
      out += line.empty() ? "\n" : fmt::format("{:{}}{}\n", "", kIndent, line);
    }
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

std::string option_text(std::string_view head, std::string_view help) {
  return fmt::format("{:{}}{}\n{}", "", kIndent, head, wrapped(help, kHelpIndent));
}

std::string setting_text(const Setting& setting) {
  const std::string head = setting.type == SettingType::boolean
                               ? fmt::format("{}[=true|false]", setting.flag)
                               : fmt::format("{} {}", setting.flag, value_name_of(setting));
  std::string help(setting.help);
  if (!setting.default_value.empty()) help += fmt::format(" Default: {}.", setting.default_value);
  return option_text(head, help);
}

std::string options_text(const CommandSpec& command) {
  std::string out;
  std::string_view group;
  for (const OptionSpec& option : command.options) {
    const std::string head = option.value_name.empty()
                                 ? std::string(option.flag)
                                 : fmt::format("{} {}", option.flag, option.value_name);
    out += option_text(head, option.help);
  }
  out += option_text("-h, --help", "This text.");
  for (const SettingId id : command.settings) {
    const Setting& setting = setting_of(id);
    if (setting.group != group) {
      group = setting.group;
      out += fmt::format("\n   {}\n", group);
    }
    out += setting_text(setting);
  }
  return out;
}

std::string environment_text(const CommandSpec& command) {
  if (command.settings.empty()) return {};
  std::string out = wrapped(
      "A flag wins over its variable, a variable over the file of --config, the file over the "
      "default. A variable that is set to the empty text counts as not set.",
      kIndent);
  out += '\n';
  for (const SettingId id : command.settings) {
    const Setting& setting = setting_of(id);
    out += fmt::format("{:{}}{:<41}{}\n", "", kIndent, setting.environment, setting.flag);
  }
  return out;
}

bool is_in_group(std::string_view name, std::string_view group) {
  return name.size() > group.size() && name.starts_with(group) && name[group.size()] == ' ';
}

std::string command_lines(std::span<const CommandSpec> commands) {
  std::string out;
  for (const CommandSpec& command : commands) {
    out += fmt::format("{:{}}{:<24}{}\n", "", kIndent, command.name, command.summary);
  }
  return out;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = 0;
  const auto end_line = [&] {
    if (column > 0) out += '\n';
    column = 0;
  };
  while (!text.empty()) {
    const auto line_end = text.find('\n');
    std::string_view line = text.substr(0, line_end);
    text = line_end == std::string_view::npos ? std::string_view() : text.substr(line_end + 1);
    if (line.empty() || line.front() == ' ') {
      end_line();
      out += line.empty() ? "\n" : fmt::format("{:{}}{}\n", "", indent, line);
      continue;
    }
    while (!line.empty()) {
      const auto space = line.find(' ');
      const std::string_view word = line.substr(0, space);
      line = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
      if (word.empty()) continue;
      if (column > 0 && column + 1 + word.size() > width) end_line();
      out += column == 0 ? std::string(indent, ' ') : " ";
      out += word;
      column += (column == 0 ? indent : 1) + word.size();
    }
  }
  end_line();
  return out;
}

std::string help_of(const CommandSpec& command) {
  std::string out;
  append_section(out, "NAME",
                 wrapped(fmt::format("holdfast {} - {}", command.name, command.summary), kIndent));
  append_section(out, "SYNOPSIS",
                 wrapped(fmt::format("holdfast {} {}", command.name, command.synopsis), kIndent));
  append_section(out, "DESCRIPTION", wrapped(command.description, kIndent));
  append_section(out, "OPTIONS", options_text(command));
  append_section(out, "ENVIRONMENT", environment_text(command));
  append_section(out, "FILES", kept_lines(command.files));
  append_section(out, "EXIT STATUS", kept_lines(kExitStatus));
  append_section(out, "EXAMPLES", kept_lines(command.examples));
  return out;
}

std::string help_of_program(std::span<const CommandSpec> commands) {
  std::string out;
  append_section(out, "NAME",
                 kept_lines("holdfast - a signer that never signs two messages for one duty"));
  append_section(out, "SYNOPSIS", kept_lines("holdfast COMMAND [OPTIONS]"));
  append_section(
      out, "DESCRIPTION",
      wrapped("Several nodes hold the same validator key and all of them run. Whatever crashes, "
              "hangs or is cut off, the key never signs two different messages for one duty, and "
              "as few duties as possible are missed.",
              kIndent));
  append_section(out, "COMMANDS", command_lines(commands));
  append_section(out, "OPTIONS",
                 option_text("-h, --help", "This text; after a command, that command's help.") +
                     option_text("--version", "The version."));
  append_section(out, "EXIT STATUS", kept_lines(kExitStatus));
  append_section(out, "EXAMPLES",
                 kept_lines("holdfast demo\n"
                            "holdfast signer --help"));
  return out;
}

std::string help_of_group(std::string_view group, std::span<const CommandSpec> commands) {
  std::string lines;
  for (const CommandSpec& command : commands) {
    if (is_in_group(command.name, group)) lines += command_lines({&command, 1});
  }
  if (lines.empty()) return {};
  std::string out;
  append_section(out, "SYNOPSIS", kept_lines(fmt::format("holdfast {} COMMAND [OPTIONS]", group)));
  append_section(out, "COMMANDS", lines);
  append_section(out, "EXIT STATUS", kept_lines(kExitStatus));
  return out;
}

}  // namespace holdfast::cli
