#include "cli/explain.h"

#include <algorithm>

#include <fmt/format.h>

#include "telemetry/log_line.h"

namespace holdfast::cli {
namespace {

std::string time_text(std::int64_t milliseconds) {
  return to_iso8601(WallTime(milliseconds));
}

std::string seconds_text(std::chrono::milliseconds duration) {
  return fmt::format("{}.{} s", duration.count() / 1000, duration.count() % 1000 / 100);
}

ExistingDuty existing_of(const DutyRow& row, std::int64_t now_ms) {
  ExistingDuty existing;
  // A stock node's row keeps its status when Holdfast has signed for it: what bears a signature
  // counts as signed, as it does for the stores.
  existing.status = row.signature ? DutyStatus::signed_ : row.status;
  existing.message_hash = row.duty.message_hash;
  existing.node_id = row.node_id;
  existing.signature = row.signature;
  existing.holder = row.holder;
  existing.lock_age =
      std::chrono::milliseconds(std::max<std::int64_t>(0, now_ms - row.started_at_ms));
  existing.pinned_idle = row.holder == LockHolder::holdfast_pinned && !row.error_message.empty();
  return existing;
}

std::string what_is_known(const DutyRow& row, const ExistingDuty& existing) {
  const std::string hash = to_text(row.duty.message_hash);
  if (existing.status == DutyStatus::signed_) {
    const std::string when =
        row.completed_at_ms ? fmt::format(" at {}", time_text(*row.completed_at_ms)) : "";
    return fmt::format("It is signed: node {} signed the message {}{} (begun at {}).", row.node_id,
                       hash, when, time_text(row.started_at_ms));
  }
  if (existing.status == DutyStatus::signing) {
    std::string text = fmt::format(
        "It is being signed: node {} has held the lock for the message {} for {} (since {}).",
        row.node_id, hash, seconds_text(existing.lock_age), time_text(row.started_at_ms));
    switch (row.holder) {
      case LockHolder::other_implementation:
        text += " The lock belongs to another implementation, such as an Aztec node.";
        break;
      case LockHolder::holdfast:
        break;
      case LockHolder::holdfast_pinned:
        text += " The lock is pinned to this message, because a remote signer may have signed it";
        text += row.error_message.empty() ? "." : fmt::format(": {}.", row.error_message);
        break;
    }
    return text;
  }
  return "The row has a status that Holdfast does not know, so every request is refused.";
}

/** What the decision means for the one who asked. */
struct SayDecision {
  const ExistingDuty& existing;

  std::string operator()(const Refusal& refusal) const {
    return fmt::format("refused with {}: {}.", error_name_of(refusal.reason), message_of(refusal));
  }
  std::string operator()(const ReplayStored&) const {
    return "answered with the stored signature, which is durable already.";
  }
  std::string operator()(const WaitForOther& wait) const {
    return fmt::format(
        "made to wait until the other node is done, and refused with {} if that takes longer "
        "than its deadline.",
        error_name_of(wait.if_given_up.reason));
  }
  std::string operator()(const TakeOver& take_over) const {
    if (existing.pinned_idle) {
      return "signed: the lock is pinned to this very message and nobody is at work on it.";
    }
    return fmt::format(
        "signed: the lock is older than {} and is taken over from the node that holds it.",
        seconds_text(take_over.min_age));
  }
};

std::string verdict(const ExplainQuestion& question, const ExistingDuty& existing,
                    const MessageHash& hash) {
  Duty attempt;
  attempt.key = question.key;
  attempt.message_hash = hash;
  return std::visit(SayDecision{existing}, judge(attempt, existing, question.rules));
}

MessageHash another_hash(MessageHash hash) {
  hash.bytes[0] = static_cast<std::uint8_t>(hash.bytes[0] ^ 0xff);
  return hash;
}

std::string who(const ExplainQuestion& question) {
  return question.rules.node_id.empty() ? "another node"
                                        : fmt::format("node {}", question.rules.node_id);
}

std::string verdict_on_other_message(const ExplainQuestion& question,
                                     const ExistingDuty& existing) {
  const MessageHash other = another_hash(existing.message_hash);
  if (existing.status == DutyStatus::signed_ || existing.holder == LockHolder::holdfast_pinned) {
    return "A request for any other message is refused with SlashingProtectionError, for ever: "
           "two signatures for one duty are what a validator is slashed for.";
  }
  return fmt::format("A request of {} for any other message would now be {}", who(question),
                     verdict(question, existing, other));
}

}  // namespace

std::vector<std::string> explain(const ExplainQuestion& question,
                                 const std::optional<DutyRow>& row) {
  std::vector<std::string> lines = {fmt::format("{}:", to_text(question.key))};
  if (!row) {
    lines.push_back(
        "The store has no row for it: nobody has asked for it yet, or the node that did could not "
        "sign and gave its lock back.");
    lines.push_back(
        "A request for it would now be signed, unless its slot lies at or below the watermark of "
        "what was pruned. If one was refused: the store could not be reached or the key failed; "
        "the node's log says which, at that time.");
    return lines;
  }
  const ExistingDuty existing = existing_of(*row, question.now_ms);
  lines.push_back(what_is_known(*row, existing));
  if (existing.status == DutyStatus::unknown) return lines;
  if (question.message_hash) {
    const bool same = *question.message_hash == existing.message_hash;
    lines.push_back(fmt::format("The message that you ask about is {}.",
                                same ? "the very same one" : "another one"));
    lines.push_back(fmt::format("A request of {} for it would now be {}", who(question),
                                verdict(question, existing, *question.message_hash)));
    return lines;
  }
  lines.push_back(fmt::format("A request of {} for the same message would now be {}", who(question),
                              verdict(question, existing, existing.message_hash)));
  lines.push_back(verdict_on_other_message(question, existing));
  return lines;
}

}  // namespace holdfast::cli
