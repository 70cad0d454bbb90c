// The proof that this attempt holds the lock of a duty. A key ring signs a protected message only
// for one, and DutyStore alone makes them, so signing without a claim does not compile.
#pragma once

#include <string>
#include <utility>

#include "duty/duty.h"

namespace holdfast {

class DutyStore;

/** Move-only: a lock is recorded, released or pinned once. Dropping it leaves the row to be taken
    over by any node when it is abandoned. */
class [[nodiscard]] HeldLock {
 public:
  HeldLock(HeldLock&&) = default;
  HeldLock& operator=(HeldLock&&) = default;
  HeldLock(const HeldLock&) = delete;
  HeldLock& operator=(const HeldLock&) = delete;

  const Duty& duty() const noexcept { return duty_; }
  /** True when a stock Aztec node holds the row and we sign on its behalf (gated mode). */
  bool gated() const noexcept { return gated_; }

 private:
  friend class DutyStore;
  HeldLock(Duty duty, std::string token, bool gated)
      : duty_(std::move(duty)), token_(std::move(token)), gated_(gated) {}
  Duty duty_;
  std::string token_;
  bool gated_;
};

}  // namespace holdfast
