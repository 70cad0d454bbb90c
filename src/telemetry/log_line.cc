#include "telemetry/log_line.h"

#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "telemetry/escape.h"

namespace holdfast {
namespace {

void append_value(std::string& out, const LogValue& value, Quote quote) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    append_quoted(out, *text, quote);
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    fmt::format_to(std::back_inserter(out), "{}", *number);
  } else if (const auto* count = std::get_if<std::uint64_t>(&value)) {
    fmt::format_to(std::back_inserter(out), "{}", *count);
  } else if (const auto* real = std::get_if<double>(&value)) {
    if (std::isfinite(*real)) {
      fmt::format_to(std::back_inserter(out), "{}", *real);
    } else {
      out += "null";
    }
  } else {
    out += std::get<bool>(value) ? "true" : "false";
  }
}

void append_time(std::string& out, WallTime time) {
  using std::chrono::days;
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{std::chrono::sys_days(day)};
  const std::chrono::hh_mm_ss clock{time - day};
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                 clock.seconds().count(), clock.subseconds().count());
}

void append_text_line(std::string& out, const LogLine& line) {
  append_time(out, line.time);
  out += ' ';
  for (const char letter : name_of(line.level)) out += static_cast<char>(letter - 'a' + 'A');
  out += ' ';
  append_escaped(out, line.module, Quote::none);
  out += ": ";
  append_escaped(out, line.message, Quote::none);
  if (!line.fields.empty()) {
    std::string_view before = " { ";
    for (const LogField& field : line.fields) {
      out += before;
      append_escaped(out, field.name, Quote::none);
      out += ": ";
      append_value(out, field.value, Quote::single);
      before = ", ";
    }
    out += " }";
  }
  out += '\n';
}

void append_json_line(std::string& out, const LogLine& line) {
  out += "{\"time\":\"";
  append_time(out, line.time);
  out += "\",\"level\":\"";
  out += name_of(line.level);
  out += "\",\"module\":";
  append_quoted(out, line.module, Quote::double_);
  out += ",\"message\":";
  append_quoted(out, line.message, Quote::double_);
  for (const LogField& field : line.fields) {
    out += ',';
    append_quoted(out, field.name, Quote::double_);
    out += ':';
    append_value(out, field.value, Quote::double_);
  }
  out += "}\n";
}

bool same_letters(std::string_view text, std::string_view lower_case) noexcept {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char letter = text[at];
    const bool upper = letter >= 'A' && letter <= 'Z';
    if ((upper ? static_cast<char>(letter - 'A' + 'a') : letter) != lower_case[at]) return false;
  }
  return true;
}

}  // namespace

std::string_view name_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::verbose:
      return "verbose";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

std::optional<LogLevel> log_level_from_name(std::string_view name) noexcept {
  for (const LogLevel level :
       {LogLevel::debug, LogLevel::verbose, LogLevel::info, LogLevel::warn, LogLevel::error}) {
    if (same_letters(name, name_of(level))) return level;
  }
  return std::nullopt;
}

std::string_view name_of(LogFormat format) noexcept {
  switch (format) {
    case LogFormat::text:
      return "text";
    case LogFormat::json:
      return "json";
  }
  return "text";
}

std::optional<LogFormat> log_format_from_name(std::string_view name) noexcept {
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    if (same_letters(name, name_of(format))) return format;
  }
  return std::nullopt;
}

void append_line(std::string& out, LogFormat format, const LogLine& line) {
  switch (format) {
    case LogFormat::text:
      return append_text_line(out, line);
    case LogFormat::json:
      return append_json_line(out, line);
  }
}

std::string to_iso8601(WallTime time) {
  std::string text;
  append_time(text, time);
  return text;
}

}  // namespace holdfast
