// What happens in the sign path, told as it happens: for metrics, logs and the crash points of
// tests. Observers decide nothing.
#pragma once

#include <chrono>
#include <string_view>

#include "base/result.h"
#include "duty/duty.h"
#include "protection/refusal.h"

namespace holdfast {

/** The named places of the sign path, in order. The names are those of HOLDFAST_CRASH_AT. */
enum class SignStep : std::uint8_t {
  received = 0,
  claimed,
  signed_,
  recorded,
  journaled,
  released,
};
/** "received", "claimed", "signed", "recorded", "journaled", "released". */
std::string_view name_of(SignStep step) noexcept;

class SignObserver {
 public:
  virtual ~SignObserver() = default;
  /** The step is done; for `recorded` the signature is durable in the store, for
      `journaled` in this node's own journal, too, and not yet released. `elapsed` is
      the time since the step before (for `released`: since `received`). */
  virtual void on_step(SignStep, const Duty&, std::chrono::nanoseconds /*elapsed*/) {}
  virtual void on_wait(const Duty&, std::string_view /*node_id*/) {}
  virtual void on_take_over(const Duty&, std::string_view /*from_node_id*/) {}
  virtual void on_replay(const Duty&) {}
  virtual void on_refusal(const Refusal&) {}
  virtual void on_pinned(const Duty&) {}
  /** After a failed signing the lock could not be given back or pinned either. */
  virtual void on_not_given_back(const Duty&, const Error&) {}
  virtual void on_error(const Duty&, const Error&) {}
};

}  // namespace holdfast
