#include "crashtest/crash_points.h"

#include <array>
#include <charconv>
#include <csignal>

namespace holdfast::crashtest {
namespace {

std::optional<SignStep> step_of(std::string_view name) {
  static constexpr std::array kSteps = {SignStep::received,  SignStep::claimed,
                                        SignStep::signed_,   SignStep::recorded,
                                        SignStep::journaled, SignStep::released};
  if (name == "claiming") return SignStep::received;
  if (name == "recording") return SignStep::signed_;
  for (const SignStep step : kSteps) {
    if (name == name_of(step)) return step;
  }
  return std::nullopt;
}

/** The text up to the next colon, which is taken off. */
std::string_view next_part(std::string_view& text) {
  const auto colon = text.find(':');
  const std::string_view part = text.substr(0, colon);
  text = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  return part;
}

}  // namespace

std::optional<CrashPoint> parse_crash_point(std::string_view text) {
  const std::optional<SignStep> step = step_of(next_part(text));
  if (!step) return std::nullopt;
  CrashPoint point{*step, SIGKILL, 1};
  while (!text.empty()) {
    const std::string_view part = next_part(text);
    if (part == "kill" || part == "stop") {
      point.signal_number = part == "kill" ? SIGKILL : SIGSTOP;
      continue;
    }
    const char* const end = part.data() + part.size();
    const auto [stop, code] = std::from_chars(part.data(), end, point.at_occurrence);
    if (code != std::errc() || stop != end || point.at_occurrence < 1) return std::nullopt;
  }
  return point;
}

void CrashObserver::on_step(SignStep step, const Duty&, std::chrono::nanoseconds) {
  if (step == point_.step && ++occurrences_ == point_.at_occurrence) {
    std::raise(point_.signal_number);
  }
}

}  // namespace holdfast::crashtest
