// The program `holdfast-crashtest`: holdfast with the crash points of crash_points.h.
#include <cstdlib>
#include <iostream>

#include "cli/program.h"
#include "crashtest/crash_points.h"

int main(int argc, char** argv) {
  const char* const text = std::getenv("HOLDFAST_CRASH_AT");
  if (text == nullptr) return holdfast::cli::run_main(argc, argv);
  const std::optional<holdfast::crashtest::CrashPoint> point =
      holdfast::crashtest::parse_crash_point(text);
  if (!point) {
    std::cerr << "HOLDFAST_CRASH_AT is STEP[:kill|stop][:N]\n";
    return 2;
  }
  holdfast::crashtest::CrashObserver observer(*point);
  return holdfast::cli::run_main(argc, argv, &observer);
}
