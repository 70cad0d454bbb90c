// Crash points: an observer that kills or stops its own process at a named step of the sign path,
// so that tests can see what the other nodes and the restarted one make of it. Compiled into
// holdfast-crashtest only, never into holdfast.
//
// HOLDFAST_CRASH_AT=STEP[:kill|stop][:N] - at the N-th time (default: the first) that STEP is
// reached, SIGKILL (default) or SIGSTOP. Steps are those of signer/sign_observer.h; `claiming` is
// another name of `received` (nothing has been asked of the store yet), and `recording` of
// `signed` (the signature exists and the store has not heard of it).
// Thread rule: the I/O thread.
#pragma once

#include <optional>
#include <string_view>

#include "signer/sign_observer.h"

namespace holdfast::crashtest {

struct CrashPoint {
  SignStep step = SignStep::received;
  /** SIGKILL or SIGSTOP. */
  int signal_number = 0;
  int at_occurrence = 1;
};

/** nullopt for text of another form. */
std::optional<CrashPoint> parse_crash_point(std::string_view text);

class CrashObserver final : public SignObserver {
 public:
  explicit CrashObserver(CrashPoint point) : point_(point) {}
  void on_step(SignStep step, const Duty& duty, std::chrono::nanoseconds elapsed) override;

 private:
  CrashPoint point_;
  int occurrences_ = 0;
};

}  // namespace holdfast::crashtest
