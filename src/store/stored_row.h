// A row of validator_duties (or of holdfast_ledger) with its token, and what may be done with it:
// the rules that MemoryStore and SqliteStore share. PostgreSQL has the same rules as SQL; the
// conformance suite holds all three to them.
//
// Pure: facts in, plan out. The store fetches the facts and carries the plan out in ONE
// transaction. Invariants: S2 (no second hash for a key), S3 (ledger and watermark count as much
// as the row), and the rule of lock_token.h about whose locks may be taken over.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "duty/duty.h"
#include "duty/lock_token.h"
#include "protection/judge.h"
#include "store/duty_store.h"

namespace holdfast {

/** Never leaves the store: it holds the token. */
struct StoredRow {
  Duty duty;
  DutyStatus status = DutyStatus::unknown;
  std::string node_id;
  std::string token;
  std::optional<Signature> signature;
  std::int64_t started_at_ms = 0;
  std::optional<std::int64_t> completed_at_ms;
  /** For a pinned lock: present while nobody is at work on it. */
  std::optional<std::string> error_message;

  /** Somebody has its signature: it is signed, or bears one (gated mode). */
  bool is_signed() const noexcept;
  /** A signature may be out there, so the row must never be forgotten: it is signed, or pinned. */
  bool is_evidence() const noexcept;
};

/** What is known about a key when a lock of it is asked for. */
struct LockFacts {
  std::optional<StoredRow> row;
  /** The ledger's entry of the key; the signed one where there are several. */
  std::optional<StoredRow> ledger;
  /** The highest slot at or below which this validator signs no duty of this type any more. */
  std::optional<Slot> watermark;
  /** By the store's own clock. */
  std::int64_t now_ms = 0;
};

struct LockAttempt {
  Duty duty;
  LockToken token;
  /** Present: locks of at least this age, and idle pinned ones of our hash, may be taken over. */
  std::optional<std::chrono::milliseconds> take_over_age;
};

/** Write a new row under this token. */
struct InsertLock {
  std::string token;
};
/** Change the row from the token that it had to this one, with our hash, node and time. */
struct ReplaceLock {
  std::string token;
};
using LockPlan = std::variant<Taken, BelowWatermark, InsertLock, ReplaceLock>;

LockPlan plan_lock(const LockAttempt& attempt, const LockFacts& facts);

/** Sign on behalf of the stock node that holds this row. */
struct SignGated {};
using GatedPlan = std::variant<SignGated, Taken, BelowWatermark>;

/** `facts.row` is the row that was found (CHECK). */
GatedPlan plan_gated(const LockFacts& facts);

/** Whether the signature of `message_hash` may be written under this token: the lock is there, is
    unsigned, and neither ledger nor watermark forbid it. */
bool may_record(const MessageHash& message_hash, const std::string& token, const LockFacts& facts);

/** The row as the judge sees it. A row that bears a signature counts as signed. */
ExistingDuty existing_of(const StoredRow& row, std::int64_t now_ms);

/** The row as lists show it. */
DutyRow without_token(const StoredRow& row);

/** The token text with the mark of a pinned lock; a pinned one as it is. The token is one of
    ours (CHECK). */
std::string pinned_token_text(const std::string& token);

/** error_message of a pinned lock whose last holder gave it back without having signed. */
inline constexpr std::string_view kPinnedAndIdle =
    "pinned: the signer may have signed before; only the same message may go on";

}  // namespace holdfast
