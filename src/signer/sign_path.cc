#include "signer/sign_path.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace holdfast {
namespace {

/** Why a lock that could not be signed under stays pinned, as the operator will read it. */
std::string pin_reason(const SignFailure& failure) {
  return "pinned: the signer may have signed; only the same message may go on (" +
         failure.error.message + ")";
}

Refusal below_watermark(const Duty& duty, const BelowWatermark& below) {
  return {.reason = RefusalReason::below_watermark,
          .key = duty.key,
          .attempted_hash = duty.message_hash,
          .existing_hash = std::nullopt,
          .node_id = {},
          .watermark = below.watermark};
}

/** Whether typed data says of itself what the row says of it. */
bool row_fits(const std::optional<TypedDataFacts>& facts, const DutyKey& row) {
  if (!facts) return true;
  SigningContext context;
  context.duty_type = row.duty_type;
  context.slot = row.slot.number();
  return check_context(*facts, context).has_value();
}

}  // namespace

/** What one request carries through the path. */
struct SignPath::Attempt {
  Duty duty;
  SignableMessage message;
  MonotonicTime deadline;
  MonotonicTime started;
  MonotonicTime step_started;
  /** Gated: what typed data says about itself. */
  std::optional<TypedDataFacts> facts;
  /** ReleaseMemory::quarantines_begun() when the attempt began. */
  std::uint64_t quarantines_begun = 0;
};

SignPath::SignPath(DutyStore& store, ReleaseMemory& memory, KeyRing& keys, Clock& clock,
                   RandomSource& random, SignObserver& observer, SignSettings settings)
    : store_(store),
      memory_(memory),
      keys_(keys),
      clock_(clock),
      random_(random),
      observer_(observer),
      settings_(std::move(settings)) {}

Task<SignOutcome> SignPath::sign(Duty duty, SignableMessage message, MonotonicTime deadline) {
  CHECK(is_protected(duty.key.duty_type));
  CHECK(message.message_hash == duty.message_hash);
  const MonotonicTime now = clock_.now();
  Attempt attempt{std::move(duty), std::move(message),         deadline, now, now,
                  std::nullopt,    memory_.quarantines_begun()};
  co_return co_await admit(attempt, Entrance::with_context);
}

Task<SignOutcome> SignPath::sign_gated(RollupAddress rollup, Address validator,
                                       SignableMessage message, MonotonicTime deadline,
                                       std::optional<TypedDataFacts> facts) {
  const MonotonicTime now = clock_.now();
  Duty duty;
  duty.key.rollup_address = rollup;
  duty.key.validator_address = validator;
  duty.message_hash = message.message_hash;
  Attempt attempt{std::move(duty),  std::move(message),         deadline, now, now,
                  std::move(facts), memory_.quarantines_begun()};
  co_return co_await admit(attempt, Entrance::gated);
}

Task<SignOutcome> SignPath::admit(Attempt& attempt, Entrance entrance) {
  if (in_flight_ >= settings_.in_flight_max) {
    const Error error{ErrorKind::overloaded, "too many requests are being signed; try again"};
    observer_.on_error(attempt.duty, error);
    co_return error;
  }
  ++in_flight_;
  SignOutcome outcome = co_await run(attempt, entrance);
  --in_flight_;
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) observer_.on_refusal(*refusal);
  if (const auto* error = std::get_if<Error>(&outcome)) observer_.on_error(attempt.duty, *error);
  co_return outcome;
}

Task<SignOutcome> SignPath::run(Attempt& attempt, Entrance entrance) {
  observer_.on_step(SignStep::received, attempt.duty, std::chrono::nanoseconds(0));
  if (memory_.halted()) co_return *memory_.halted();
  if (entrance == Entrance::with_context) {
    memory_.saw(attempt.duty.key.rollup_address, attempt.duty.key.slot);
    std::optional<Refusal> refusal = memory_.judge(attempt.duty);
    if (refusal) co_return *std::move(refusal);
  }
  LockOutcome locked = co_await take_lock(attempt, entrance);
  if (auto* error = std::get_if<Error>(&locked)) co_return std::move(*error);
  if (auto* refusal = std::get_if<Refusal>(&locked)) co_return std::move(*refusal);
  if (const auto* stored = std::get_if<Released>(&locked)) {
    co_return co_await replay(attempt, *stored);
  }
  HeldLock lock = std::get<HeldLock>(std::move(locked));
  finish_step(attempt, SignStep::claimed);
  co_return co_await sign_and_record(attempt, std::move(lock));
}

void SignPath::finish_step(Attempt& attempt, SignStep step) {
  const MonotonicTime now = clock_.now();
  const MonotonicTime since = step == SignStep::released ? attempt.started : attempt.step_started;
  observer_.on_step(step, attempt.duty, now - since);
  attempt.step_started = now;
}

Task<SignPath::LockOutcome> SignPath::take_lock(Attempt& attempt, Entrance entrance) {
  return entrance == Entrance::gated ? find_gated(attempt) : claim(attempt);
}

Task<SignPath::LockOutcome> SignPath::claim(Attempt& attempt) {
  if (settings_.claim_delay.count() > 0) co_await clock_.sleep(settings_.claim_delay);
  std::optional<std::chrono::milliseconds> take_over_age;
  for (;;) {
    Result<ClaimAnswer> answer = co_await ask_for_lock(attempt.duty, take_over_age);
    if (!answer) co_return std::move(answer).error();
    if (auto* lock = std::get_if<HeldLock>(&*answer)) co_return std::move(*lock);
    if (const auto* below = std::get_if<BelowWatermark>(&*answer)) {
      co_return below_watermark(attempt.duty, *below);
    }
    const ExistingDuty& existing = std::get<Taken>(*answer).existing;
    Decision decision = judge(attempt.duty, existing, settings_.rules);
    if (auto* refusal = std::get_if<Refusal>(&decision)) co_return std::move(*refusal);
    if (const auto* stored = std::get_if<ReplayStored>(&decision)) {
      co_return Released{.signature = stored->signature, .replayed = true};
    }
    const bool abandoned = std::holds_alternative<TakeOver>(decision);
    const bool tried_already = abandoned && take_over_age.has_value();
    if (abandoned && !tried_already) {
      observer_.on_take_over(attempt.duty, existing.node_id);
      take_over_age = std::get<TakeOver>(decision).min_age;
      continue;
    }
    take_over_age.reset();
    const Refusal given_up = abandoned ? std::get<TakeOver>(std::move(decision)).if_given_up
                                       : std::get<WaitForOther>(std::move(decision)).if_given_up;
    if (!co_await wait_for_other(attempt, existing)) co_return given_up;
  }
}

Task<Result<ClaimAnswer>> SignPath::ask_for_lock(
    const Duty& duty, std::optional<std::chrono::milliseconds> take_over_age) {
  LockToken token = LockToken::from_random(random_.bytes16());
  if (take_over_age) {
    return store_.take_over(duty, settings_.rules.node_id, std::move(token), *take_over_age);
  }
  return store_.claim(duty, settings_.rules.node_id, std::move(token));
}

Task<bool> SignPath::wait_for_other(Attempt& attempt, const ExistingDuty& existing) {
  observer_.on_wait(attempt.duty, existing.node_id);
  // One poll more than the time-out, so that a lock that was abandoned just before we came is
  // still taken over by this request.
  const MonotonicTime patience = attempt.started + settings_.claim_delay +
                                 settings_.rules.signing_timeout + 2 * settings_.polling_interval;
  const MonotonicTime until = std::min(attempt.deadline, patience);
  const MonotonicTime now = clock_.now();
  if (now >= until) co_return false;
  std::chrono::nanoseconds pause = settings_.polling_interval;
  if (existing.holder != LockHolder::other_implementation) {
    // Ask again just when the lock becomes one that may be taken over, not a whole poll later.
    const auto expires_in = settings_.rules.signing_timeout - existing.lock_age;
    if (expires_in.count() > 0) pause = std::min<std::chrono::nanoseconds>(pause, expires_in);
  }
  co_await clock_.sleep(std::min<std::chrono::nanoseconds>(pause, until - now));
  co_return true;
}

Task<SignPath::LockOutcome> SignPath::find_gated(Attempt& attempt) {
  Result<GatedAnswer> answer =
      co_await store_.find_gated(attempt.duty.key.rollup_address,
                                 attempt.duty.key.validator_address, attempt.duty.message_hash);
  if (!answer) co_return std::move(answer).error();
  if (auto* lock = std::get_if<HeldLock>(&*answer)) {
    attempt.duty = lock->duty();
    memory_.saw(attempt.duty.key.rollup_address, attempt.duty.key.slot);
    std::optional<Refusal> remembered = memory_.judge(attempt.duty);
    if (remembered) co_return *std::move(remembered);
    if (row_fits(attempt.facts, attempt.duty.key)) co_return std::move(*lock);
  }
  if (const auto* below = std::get_if<BelowWatermark>(&*answer)) {
    co_return below_watermark(attempt.duty, *below);
  }
  Refusal refusal{.reason = RefusalReason::no_signing_lock,
                  .key = attempt.duty.key,
                  .attempted_hash = attempt.duty.message_hash,
                  .existing_hash = std::nullopt,
                  .node_id = {},
                  .watermark = std::nullopt};
  if (const auto* taken = std::get_if<Taken>(&*answer)) {
    const bool same_hash = taken->existing.message_hash == attempt.duty.message_hash;
    // A stock node that lost our answer asks again. Which node it is cannot be told, and the
    // signature is one that has been given away already, so `own` is enough.
    if (same_hash && taken->existing.signature && settings_.rules.replay != Replay::off) {
      attempt.duty.key = taken->key;
      memory_.saw(attempt.duty.key.rollup_address, attempt.duty.key.slot);
      co_return Released{.signature = *taken->existing.signature, .replayed = true};
    }
    refusal.reason =
        same_hash ? RefusalReason::duty_already_signed : RefusalReason::slashing_protection;
    refusal.existing_hash = taken->existing.message_hash;
    refusal.node_id = taken->existing.node_id;
  }
  co_return refusal;
}

Task<SignOutcome> SignPath::sign_and_record(Attempt& attempt, HeldLock lock) {
  if (clock_.now() >= attempt.deadline) {
    SignFailure too_late{
        MaySign::has_not_signed,
        Error{ErrorKind::timeout, "the request's deadline is over before the message was signed"}};
    co_return co_await give_back(attempt, std::move(lock), std::move(too_late));
  }
  auto signing = co_await keys_.sign(lock, std::move(attempt.message));
  if (auto* failure = std::get_if<SignFailure>(&signing)) {
    co_return co_await give_back(attempt, std::move(lock), std::move(*failure));
  }
  SealedSignature sealed = std::get<SealedSignature>(std::move(signing));
  finish_step(attempt, SignStep::signed_);
  // While the key was at work this node may have released another message, or have met a database
  // that lost commits. The signature is dropped here, so the lock may go.
  std::optional<Refusal> refusal = judge_again(attempt);
  if (refusal) {
    Result<void> given_back = co_await store_.release(std::move(lock));
    if (!given_back) observer_.on_not_given_back(attempt.duty, given_back.error());
    co_return *std::move(refusal);
  }
  co_return co_await record(attempt, std::move(lock), std::move(sealed));
}

std::optional<Refusal> SignPath::judge_again(const Attempt& attempt) const {
  const bool quarantine_began = memory_.quarantines_begun() != attempt.quarantines_begun;
  if (quarantine_began) return quarantined(attempt.duty, *memory_.memory().quarantine());
  return memory_.judge(attempt.duty);
}

Task<SignOutcome> SignPath::record(Attempt& attempt, HeldLock lock, SealedSignature sealed) {
  // Both durable BEFORE the signature leaves: S1 and S8. Side by side, for neither needs the other:
  // an entry without a record only makes this node refuse another message.
  PendingRelease pending = memory_.journal().begin_release(attempt.duty);
  Result<RecordAnswer> recorded = co_await store_.record(std::move(lock), sealed);
  if (!recorded) {
    if (recorded.error().kind == ErrorKind::in_doubt) {
      memory_.journal().leave(std::move(pending));
    } else {
      memory_.journal().drop(std::move(pending));
    }
    co_return std::move(recorded).error();
  }
  if (const auto* lost = std::get_if<LockLost>(&*recorded)) {
    if (lost->was_in_doubt) {
      memory_.journal().leave(std::move(pending));
    } else {
      memory_.journal().drop(std::move(pending));
    }
    co_return Refusal{.reason = RefusalReason::signing_lock_lost,
                      .key = attempt.duty.key,
                      .attempted_hash = attempt.duty.message_hash,
                      .existing_hash = std::nullopt,
                      .node_id = settings_.rules.node_id,
                      .watermark = std::nullopt};
  }
  if (memory_.quarantines_begun() != attempt.quarantines_begun) {
    // The lock may be of the history that the database has lost, and another node may have taken it
    // over there and released its own.
    memory_.journal().drop(std::move(pending));
    co_return quarantined(attempt.duty, *memory_.memory().quarantine());
  }
  memory_.committed(attempt.duty);
  finish_step(attempt, SignStep::recorded);
  Result<JournaledRelease> journaled = co_await memory_.journal().finish(std::move(pending));
  if (!journaled) co_return std::move(journaled).error();
  finish_step(attempt, SignStep::journaled);
  const Signature signature =
      std::move(sealed).open(std::get<SignedRecord>(std::move(*recorded)), *std::move(journaled));
  finish_step(attempt, SignStep::released);
  co_return Released{.signature = signature, .replayed = false};
}

Task<SignOutcome> SignPath::replay(Attempt& attempt, Released stored) {
  std::optional<Refusal> refusal = judge_again(attempt);
  if (refusal) co_return *std::move(refusal);
  PendingRelease pending = memory_.journal().begin_release(attempt.duty);
  Result<JournaledRelease> journaled = co_await memory_.journal().finish(std::move(pending));
  if (!journaled) co_return std::move(journaled).error();
  observer_.on_replay(attempt.duty);
  co_return stored;
}

Task<SignOutcome> SignPath::give_back(Attempt& attempt, HeldLock lock, SignFailure failure) {
  const bool pinned = failure.may_sign == MaySign::may_have_signed;
  if (pinned) observer_.on_pinned(attempt.duty);
  Task<Result<void>> giving_back =
      pinned ? store_.pin(std::move(lock), pin_reason(failure)) : store_.release(std::move(lock));
  Result<void> given_back = co_await std::move(giving_back);
  // The signing error is what the caller must see (Aztec's W15 hides it); a lock that could not be
  // given back is told beside it and is taken over when it is abandoned.
  if (!given_back) observer_.on_not_given_back(attempt.duty, given_back.error());
  co_return std::move(failure.error);
}

}  // namespace holdfast
