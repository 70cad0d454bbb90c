#include "protection/judge.h"

namespace holdfast {
namespace {

Refusal refusal(RefusalReason reason, const Duty& attempt, const ExistingDuty& existing) {
  return {.reason = reason,
          .key = attempt.key,
          .attempted_hash = attempt.message_hash,
          .existing_hash = existing.message_hash,
          .node_id = existing.node_id,
          .watermark = std::nullopt};
}

bool may_replay(const ExistingDuty& existing, const JudgeRules& rules) {
  switch (rules.replay) {
    case Replay::off:
      return false;
    case Replay::own:
      return existing.node_id == rules.node_id;
    case Replay::any:
      return true;
  }
  return false;
}

Decision judge_signed(const Duty& attempt, const ExistingDuty& existing, const JudgeRules& rules) {
  // test: refuses_a_second_hash_for_a_signed_duty
  if (existing.message_hash != attempt.message_hash) {
    return refusal(RefusalReason::slashing_protection, attempt, existing);
  }
  if (existing.signature && may_replay(existing, rules)) return ReplayStored{*existing.signature};
  return refusal(RefusalReason::duty_already_signed, attempt, existing);
}

Decision judge_signing(const Duty& attempt, const ExistingDuty& existing, const JudgeRules& rules) {
  const bool same_hash = existing.message_hash == attempt.message_hash;
  const bool pinned = existing.holder == LockHolder::holdfast_pinned;
  // test: refuses_another_hash_for_a_pinned_duty
  if (pinned && !same_hash) return refusal(RefusalReason::slashing_protection, attempt, existing);

  const Refusal in_progress = refusal(RefusalReason::signing_in_progress, attempt, existing);
  if (pinned && existing.pinned_idle) {
    return TakeOver{.min_age = rules.signing_timeout, .if_given_up = in_progress};
  }
  // test: never_takes_over_the_lock_of_another_implementation
  if (existing.holder == LockHolder::other_implementation) return WaitForOther{in_progress};
  if (existing.lock_age < rules.signing_timeout) return WaitForOther{in_progress};
  return TakeOver{.min_age = rules.signing_timeout, .if_given_up = in_progress};
}

}  // namespace

std::string_view name_of(DutyStatus status) noexcept {
  switch (status) {
    case DutyStatus::unknown:
      return "unknown";
    case DutyStatus::signing:
      return "signing";
    case DutyStatus::signed_:
      return "signed";
  }
  return "unknown";
}

Decision judge(const Duty& attempt, const ExistingDuty& existing, const JudgeRules& rules) {
  switch (existing.status) {
    case DutyStatus::unknown:
      return refusal(RefusalReason::unknown, attempt, existing);
    case DutyStatus::signing:
      return judge_signing(attempt, existing, rules);
    case DutyStatus::signed_:
      return judge_signed(attempt, existing, rules);
  }
  return refusal(RefusalReason::unknown, attempt, existing);
}

}  // namespace holdfast
