// The sign path: the one function through which a protected signature leaves the process.
//
//   request -> judge (the node's own memory) -> claim (store, durable) -> sign (key ring)
//           -> record (store, durable) and journal (own disk, durable), side by side -> release
//
// Invariants: S1 and S8 by the types of store/sealed_signature.h, S4 by judging before the claim
// and looking again, after the record, whether a quarantine has begun meanwhile, S5 by returning a
// Refusal or an Error from every path that is not a durable record. Thread rule: the I/O thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>

#include "base/result.h"
#include "base/task.h"
#include "duty/signable_message.h"
#include "duty/typed_data_facts.h"
#include "keys/key_ring.h"
#include "os/clock.h"
#include "os/random.h"
#include "protection/judge.h"
#include "protection/refusal.h"
#include "signer/release_memory.h"
#include "signer/sign_observer.h"
#include "store/duty_store.h"

namespace holdfast {

struct SignSettings {
  JudgeRules rules;
  /** How often a duty that somebody else is signing is asked about again. */
  std::chrono::milliseconds polling_interval{100};
  /** How long a backup node waits before it claims (VALIDATOR_HA_CLAIM_DELAY_MS). */
  std::chrono::milliseconds claim_delay{0};
  /** How many requests may be in the sign path at once; the next is refused as overloaded. */
  std::size_t in_flight_max = 4096;
};

/** A signature that may be sent, and where it came from. */
struct Released {
  Signature signature;
  /** True when it was signed before and answered again (VALIDATOR_HA_REPLAY). */
  bool replayed = false;
};

/** A signature, the reason why there is none, or what failed. Only the first is a yes. */
using SignOutcome = std::variant<Error, Refusal, Released>;

class SignPath {
 public:
  /** All references outlive the sign path and every call in flight. */
  SignPath(DutyStore& store, ReleaseMemory& memory, KeyRing& keys, Clock& clock,
           RandomSource& random, SignObserver& observer, SignSettings settings);

  /** Signs the duty's message, once. `message.message_hash` must be the duty's (CHECK). Answers
      by `deadline` at the latest, but for a store or key call already in flight, which has a
      time-out of its own. */
  Task<SignOutcome> sign(Duty duty, SignableMessage message, MonotonicTime deadline);

  /** Gated: signs a message whose duty a stock Aztec node has inserted into the same database.
      `facts` is what typed data says about itself: a row of another type or slot is no lock for
      it, for under the row of one slot a message for another one would be signed. */
  Task<SignOutcome> sign_gated(RollupAddress rollup, Address validator, SignableMessage message,
                               MonotonicTime deadline,
                               std::optional<TypedDataFacts> facts = std::nullopt);

  std::size_t in_flight() const noexcept { return in_flight_; }

 private:
  struct Attempt;
  enum class Entrance : std::uint8_t { with_context, gated };
  /** A lock to sign under, or what the request is answered with instead. */
  using LockOutcome = std::variant<Error, Refusal, Released, HeldLock>;

  Task<SignOutcome> admit(Attempt& attempt, Entrance entrance);
  Task<SignOutcome> run(Attempt& attempt, Entrance entrance);
  Task<LockOutcome> take_lock(Attempt& attempt, Entrance entrance);
  Task<LockOutcome> claim(Attempt& attempt);
  /** Claims, or takes over a lock of at least that age. */
  Task<Result<ClaimAnswer>> ask_for_lock(const Duty& duty,
                                         std::optional<std::chrono::milliseconds> take_over_age);
  Task<LockOutcome> find_gated(Attempt& attempt);
  /** False when there is no patience left. */
  Task<bool> wait_for_other(Attempt& attempt, const ExistingDuty& existing);
  Task<SignOutcome> sign_and_record(Attempt& attempt, HeldLock lock);
  Task<SignOutcome> record(Attempt& attempt, HeldLock lock, SealedSignature sealed);
  /** Answers with a stored signature once this node's own journal has it, too. */
  Task<SignOutcome> replay(Attempt& attempt, Released stored);
  /** Why the node's own memory is against it, now. */
  std::optional<Refusal> judge_again(const Attempt& attempt) const;
  /** Releases the lock, or pins it when a signature may exist; answers the failure's error. */
  Task<SignOutcome> give_back(Attempt& attempt, HeldLock lock, SignFailure failure);
  void finish_step(Attempt& attempt, SignStep step);

  DutyStore& store_;
  ReleaseMemory& memory_;
  KeyRing& keys_;
  Clock& clock_;
  RandomSource& random_;
  SignObserver& observer_;
  SignSettings settings_;
  std::size_t in_flight_ = 0;
};

}  // namespace holdfast
