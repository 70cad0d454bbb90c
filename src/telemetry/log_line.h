// One line of the log, as text or as JSON: formatting only, no I/O.
//
// Whatever a value holds, one call makes one line: control characters, among them those of
// terminal escapes, and bytes that are not valid UTF-8 are written as escapes.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace holdfast {

/** In order: a level lets through itself and all after it. */
enum class LogLevel : std::uint8_t { debug = 0, verbose, info, warn, error };

enum class LogFormat : std::uint8_t {
  /** 2026-01-02T03:04:05.678Z INFO ha-key-store: HAKeyStore initialized { nodeId: 'a' } */
  text = 0,
  /** {"time":"2026-01-02T03:04:05.678Z","level":"info","module":...,"message":...,"nodeId":"a"} */
  json,
};

/** "debug", "verbose", "info", "warn", "error". */
std::string_view name_of(LogLevel level) noexcept;
/** The level of that exact name, in any case; nullopt for other text. */
std::optional<LogLevel> log_level_from_name(std::string_view name) noexcept;

/** "text", "json". */
std::string_view name_of(LogFormat format) noexcept;
std::optional<LogFormat> log_format_from_name(std::string_view name) noexcept;

using LogValue = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

/** A name in camelCase, as Aztec's logs have it, and a value. Lives for the log call only: it
    refers to the caller's text. Never a secret. */
struct LogField {
  std::string_view name;
  LogValue value;
};

/** Time since 1970 in UTC. */
using WallTime = std::chrono::milliseconds;

struct LogLine {
  WallTime time{0};
  LogLevel level = LogLevel::info;
  /** Which part speaks, for instance "ha-key-store": Aztec's logger names where it has one. */
  std::string_view module;
  std::string_view message;
  std::span<const LogField> fields;
};

/** Appends the line and its '\n'. */
void append_line(std::string& out, LogFormat format, const LogLine& line);

/** "2026-01-02T03:04:05.678Z". */
std::string to_iso8601(WallTime time);

}  // namespace holdfast
