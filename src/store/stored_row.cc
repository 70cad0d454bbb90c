#include "store/stored_row.h"

#include <algorithm>

#include "base/check.h"

namespace holdfast {
namespace {

bool at_or_below_watermark(const LockFacts& facts, Slot slot) {
  return facts.watermark.has_value() && slot <= *facts.watermark;
}

std::chrono::milliseconds age_of(const StoredRow& row, std::int64_t now_ms) {
  // A clock that was set back must not make a lock look older than it is.
  return std::chrono::milliseconds(std::max<std::int64_t>(0, now_ms - row.started_at_ms));
}

/** The plan for a row that is being signed and that neither ledger nor watermark forbids. */
LockPlan plan_for_lock(const LockAttempt& attempt, const StoredRow& row, std::int64_t now_ms) {
  const Taken taken{existing_of(row, now_ms), row.duty.key};
  if (!attempt.take_over_age) return taken;
  const bool abandoned = age_of(row, now_ms) >= *attempt.take_over_age;
  switch (holder_of_token(row.token)) {
    case LockHolder::other_implementation:
      return taken;
    case LockHolder::holdfast:
      if (!abandoned) return taken;
      return ReplaceLock{attempt.token.text()};
    case LockHolder::holdfast_pinned:
      if (row.duty.message_hash != attempt.duty.message_hash) return taken;
      if (!abandoned && !taken.existing.pinned_idle) return taken;
      return ReplaceLock{attempt.token.pinned().text()};
  }
  return taken;
}

}  // namespace

bool StoredRow::is_signed() const noexcept {
  return status == DutyStatus::signed_ || signature.has_value();
}

bool StoredRow::is_evidence() const noexcept {
  return is_signed() || holder_of_token(token) == LockHolder::holdfast_pinned;
}

LockPlan plan_lock(const LockAttempt& attempt, const LockFacts& facts) {
  if (facts.row && facts.row->is_signed())
    return Taken{existing_of(*facts.row, facts.now_ms), attempt.duty.key};
  if (facts.ledger) {
    const bool other_hash = facts.ledger->duty.message_hash != attempt.duty.message_hash;
    if (facts.ledger->is_signed() || other_hash) {
      return Taken{existing_of(*facts.ledger, facts.now_ms), facts.ledger->duty.key};
    }
  }
  if (at_or_below_watermark(facts, attempt.duty.key.slot)) return BelowWatermark{*facts.watermark};
  if (facts.row) return plan_for_lock(attempt, *facts.row, facts.now_ms);
  if (!facts.ledger) return InsertLock{attempt.token.text()};
  // A pinned row was deleted by another program: the pin goes on in the ledger.
  if (!attempt.take_over_age)
    return Taken{existing_of(*facts.ledger, facts.now_ms), facts.ledger->duty.key};
  return InsertLock{attempt.token.pinned().text()};
}

GatedPlan plan_gated(const LockFacts& facts) {
  CHECK(facts.row.has_value());
  const StoredRow& row = *facts.row;
  const Taken taken{existing_of(row, facts.now_ms), row.duty.key};
  if (row.is_signed()) return taken;
  if (facts.ledger) {
    const bool other_hash = facts.ledger->duty.message_hash != row.duty.message_hash;
    if (facts.ledger->is_signed() || other_hash) {
      return Taken{existing_of(*facts.ledger, facts.now_ms), facts.ledger->duty.key};
    }
  }
  if (at_or_below_watermark(facts, row.duty.key.slot)) return BelowWatermark{*facts.watermark};
  if (holder_of_token(row.token) != LockHolder::other_implementation) return taken;
  return SignGated{};
}

bool may_record(const MessageHash& message_hash, const std::string& token, const LockFacts& facts) {
  if (!facts.row || facts.row->is_signed()) return false;
  const StoredRow& row = *facts.row;
  if (row.token != token || row.duty.message_hash != message_hash) return false;
  if (facts.ledger && facts.ledger->duty.message_hash != message_hash) return false;
  return !at_or_below_watermark(facts, row.duty.key.slot);
}

ExistingDuty existing_of(const StoredRow& row, std::int64_t now_ms) {
  const LockHolder holder = holder_of_token(row.token);
  return {.status = row.is_signed() ? DutyStatus::signed_ : row.status,
          .message_hash = row.duty.message_hash,
          .node_id = row.node_id,
          .signature = row.signature,
          .holder = holder,
          .lock_age = age_of(row, now_ms),
          .pinned_idle = holder == LockHolder::holdfast_pinned && row.error_message.has_value()};
}

DutyRow without_token(const StoredRow& row) {
  return {.duty = row.duty,
          .status = row.status,
          .node_id = row.node_id,
          .signature = row.signature,
          .holder = holder_of_token(row.token),
          .started_at_ms = row.started_at_ms,
          .completed_at_ms = row.completed_at_ms,
          .error_message = row.error_message.value_or("")};
}

std::string pinned_token_text(const std::string& token) {
  const LockHolder holder = holder_of_token(token);
  CHECK(holder != LockHolder::other_implementation);
  if (holder == LockHolder::holdfast_pinned) return token;
  return std::string(LockToken::kPinnedPrefix) + token.substr(LockToken::kPrefix.size());
}

}  // namespace holdfast
