// A command of the program: what it is called, what it takes, what its help says, and the function
// that runs it. One file per command; program.cc has the list.
//
// Thread rule: the main thread.
#pragma once

#include <iosfwd>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/settings.h"

namespace holdfast {
class SignObserver;
}

namespace holdfast::cli {

/** What scripts see. */
enum class ExitCode : int {
  done = 0,
  /** Refused, or failed while it ran. */
  failed = 1,
  /** The command line or the configuration is wrong; nothing was tried. */
  usage = 2,
};

/** An option that belongs to one command only and is not a setting. */
struct OptionSpec {
  /** "--slot". */
  std::string_view flag;
  /** "SLOT"; empty for a switch. */
  std::string_view value_name;
  std::string_view help;
};

/** The values of the options that were given, by flag; a switch has the empty text. */
using OptionValues = std::map<std::string, std::string, std::less<>>;

/** One run of a command. */
struct CommandCall {
  SettingSources sources;
  OptionValues options;
  std::ostream& out;
  std::ostream& err;
  /** Hears of every step of the sign path besides telemetry; null but for the crash tests. */
  SignObserver* extra_observer = nullptr;

  bool has(std::string_view flag) const { return options.contains(flag); }
  /** The option's text, or nullptr when it was not given. */
  const std::string* option(std::string_view flag) const {
    const auto found = options.find(flag);
    return found == options.end() ? nullptr : &found->second;
  }
};

struct CommandSpec {
  /** "signer", "duties list". */
  std::string_view name;
  /** One line, without a full stop. */
  std::string_view summary;
  /** What follows the name in SYNOPSIS. */
  std::string_view synopsis;
  /** Paragraphs, separated by empty lines; a line that begins with a space is kept as it is. */
  std::string_view description;
  std::span<const SettingId> settings;
  std::span<const OptionSpec> options;
  std::string_view files;
  std::string_view examples;
  ExitCode (*run)(CommandCall&) = nullptr;
};

/** Writes "holdfast NAME: message" to `err`, a line at a time. */
void complain(CommandCall& call, std::string_view message);

/** The settings of the call; after a complaint nullopt, which is ExitCode::usage. Warnings go to
    `err`. */
std::optional<Settings> settings_of(CommandCall& call);

}  // namespace holdfast::cli
