// The one place that decides what to do with what the store knows about a duty. Pure: facts in,
// decision out; the sign path carries it out.
//
// Invariants: S2 (never a second hash), S5 (what is unknown is refused).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "crypto/secp256k1.h"
#include "duty/duty.h"
#include "duty/lock_token.h"
#include "protection/refusal.h"

namespace holdfast {

enum class DutyStatus : std::uint8_t { unknown = 0, signing, signed_ };

/** "signing" or "signed", as the status column has it. */
std::string_view name_of(DutyStatus status) noexcept;

/** What a store knows about a duty key that somebody got to first. */
struct ExistingDuty {
  DutyStatus status = DutyStatus::unknown;
  MessageHash message_hash;
  std::string node_id;
  /** signed: the stored signature (absent where a store has none). */
  std::optional<Signature> signature;
  /** signing: who holds the lock. */
  LockHolder holder = LockHolder::other_implementation;
  /** signing: how long the lock has been held, by the database's clock. */
  std::chrono::milliseconds lock_age{0};
  /** signing, pinned: nobody is at work on it now; the same hash may go on at once. */
  bool pinned_idle = false;

  friend bool operator==(const ExistingDuty&, const ExistingDuty&) = default;
};

/** Whether an identical message that is signed already is answered with the stored signature
    (VALIDATOR_HA_REPLAY). */
enum class Replay : std::uint8_t {
  /** Never: the guide's behaviour to the letter. */
  off = 0,
  /** To the node that signed it. The default. */
  own,
  /** To any node. */
  any,
};

/** What the judge needs to know about the node that asks. */
struct JudgeRules {
  std::string node_id;
  Replay replay = Replay::own;
  /** The age from which a lock counts as abandoned (VALIDATOR_HA_SIGNING_TIMEOUT_MS). */
  std::chrono::milliseconds signing_timeout{3000};
};

/** Answer with this stored signature, which is durable already. */
struct ReplayStored {
  Signature signature;
};
/** Somebody else is signing: ask again when the poll interval is over. */
struct WaitForOther {
  /** Who to name if the wait ends without an answer. */
  Refusal if_given_up;
};
/** The lock is abandoned, or pinned to our very hash: take it over. */
struct TakeOver {
  /** Take it only if it is still at least this old by the database's clock, or pinned and idle. */
  std::chrono::milliseconds min_age{0};
  Refusal if_given_up;
};

using Decision = std::variant<Refusal, ReplayStored, WaitForOther, TakeOver>;

/** Decides about `attempt`, whose key is taken by `existing`:
    - signed, same hash: replayed as the rules allow, otherwise duty_already_signed;
    - signed, another hash: slashing_protection;
    - signing, pinned to another hash: slashing_protection;
    - signing, pinned to our hash: taken over at once if idle, otherwise when abandoned;
    - signing by a Holdfast node: waited for until lock_age reaches signing_timeout, then taken
      over (safe at any moment because of S1);
    - signing by another implementation: only ever waited for;
    - unknown status: refused. */
Decision judge(const Duty& attempt, const ExistingDuty& existing, const JudgeRules& rules);

}  // namespace holdfast
