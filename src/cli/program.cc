#include "cli/program.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "os/process.h"

namespace holdfast::cli {
namespace {

bool asks_for_help(std::string_view word) {
  return word == "--help" || word == "-h";
}

/** The command whose name the words begin with; the longest, for a group may have a command. */
const CommandSpec* find_command(const std::vector<std::string>& words, std::size_t& name_words) {
  for (std::size_t count = std::min<std::size_t>(2, words.size()); count > 0; --count) {
    std::string name = words[0];
    for (std::size_t i = 1; i < count; ++i) name += " " + words[i];
    for (const CommandSpec& command : all_commands()) {
      if (command.name != name) continue;
      name_words = count;
      return &command;
    }
  }
  return nullptr;
}

ExitCode wrong_usage(std::ostream& err, std::string_view message, std::string_view help_for) {
  err << "holdfast: " << message << "\nTry: holdfast " << help_for << (help_for.empty() ? "" : " ")
      << "--help\n";
  return ExitCode::usage;
}

/** No command has that name: the help of a group, or what was probably meant. */
ExitCode without_command(const std::vector<std::string>& words, std::ostream& out,
                         std::ostream& err) {
  const std::string& word = words.front();
  const std::string group = help_of_group(word, all_commands());
  if (!group.empty()) {
    if (words.size() > 1 && asks_for_help(words[1])) {
      out << group;
      return ExitCode::done;
    }
    if (words.size() == 1) {
      err << group;
      return ExitCode::usage;
    }
    return wrong_usage(err, fmt::format("'{}' has no command '{}'", word, words[1]), word);
  }
  if (word.starts_with('-')) {
    return wrong_usage(err, "the command comes first, its flags follow", "");
  }
  std::vector<std::string_view> names;
  for (const CommandSpec& command : all_commands()) {
    names.push_back(command.name.substr(0, command.name.find(' ')));
  }
  const auto near = nearest_name(word, names);
  return wrong_usage(err,
                     fmt::format("unknown command '{}'{}", word,
                                 near ? fmt::format("; did you mean '{}'?", *near) : ""),
                     "");
}

ExitCode run_command(const CommandSpec& command, std::vector<std::string> words,
                     Environment environment, std::ostream& out, std::ostream& err,
                     SignObserver* extra_observer) {
  Result<ParsedWords> parsed = parse_words(command, std::move(words));
  if (!parsed) return wrong_usage(err, parsed.error().message, command.name);
  if (parsed->help) {
    out << help_of(command);
    return ExitCode::done;
  }
  CommandCall call{.sources = {std::move(parsed->flags), std::move(environment), ""},
                   .options = std::move(parsed->options),
                   .out = out,
                   .err = err,
                   .extra_observer = extra_observer};
  return command.run(call);
}

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

}  // namespace

std::span<const CommandSpec> all_commands() {
  static const std::vector<CommandSpec> commands = {signer_command(),
                                                    migrate_up_command(),
                                                    migrate_down_command(),
                                                    migrate_status_command(),
                                                    migrate_grant_command(),
                                                    duties_list_command(),
                                                    duties_distribution_command(),
                                                    duties_explain_command(),
                                                    duties_prune_command(),
                                                    duties_export_command(),
                                                    duties_import_command(),
                                                    cluster_show_command(),
                                                    cluster_accept_command(),
                                                    cluster_release_command(),
                                                    doctor_command(),
                                                    demo_command(),
                                                    version_command()};
  return commands;
}

ExitCode run_program(std::vector<std::string> words, Environment environment, std::ostream& out,
                     std::ostream& err, SignObserver* extra_observer) {
  if (words.empty()) {
    err << help_of_program(all_commands());
    return ExitCode::usage;
  }
  if (words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  if (asks_for_help(words.front())) {
    out << help_of_program(all_commands());
    return ExitCode::done;
  }
  if (words.front() == "--version") words.front() = "version";
  std::size_t name_words = 0;
  const CommandSpec* const command = find_command(words, name_words);
  if (command == nullptr) return without_command(words, out, err);
  words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(name_words));
  return run_command(*command, std::move(words), std::move(environment), out, err, extra_observer);
}

int run_main(int argc, char** argv, SignObserver* extra_observer) {
  ignore_broken_pipes();
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const ExitCode code =
      run_program(std::move(words), process_environment(), std::cout, std::cerr, extra_observer);
  std::cout.flush();
  return static_cast<int>(code);
}

}  // namespace holdfast::cli
