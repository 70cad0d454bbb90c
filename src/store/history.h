// The protection history of a database: what was signed there, and the watermarks. It moves to
// another database as a whole (docs/INTERCHANGE.md), so that nothing is signed twice there either.
//
// Values only. Thread rule: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crypto/secp256k1.h"
#include "duty/duty.h"

namespace holdfast {

/** A duty that was signed, or that a remote signer may have signed. */
struct HistoryDuty {
  Duty duty;
  /** Absent where it is not known. */
  std::optional<Signature> signature;
  std::string node_id;
  /** Not known to be signed: a remote signer may have signed it (S2). Never with a signature. */
  bool pinned = false;

  friend bool operator==(const HistoryDuty&, const HistoryDuty&) = default;
};

/** This validator signs no duty of this type at this slot or below any more (S3). */
struct HistoryMark {
  RollupAddress rollup_address;
  Address validator_address;
  DutyType duty_type = DutyType::unknown;
  Slot slot;

  friend bool operator==(const HistoryMark&, const HistoryMark&) = default;
};

/** Which part of the history; absent means all. */
struct HistoryFilter {
  std::optional<RollupAddress> rollup_address;
  std::optional<Address> validator_address;
};

/** All of a history but its duties. */
struct HistoryMarks {
  /** Sorted by rollup, validator and the type's name. */
  std::vector<HistoryMark> marks;
  /** Locks that are neither signed nor pinned. They are no history: while there are any, somebody
      may be signing. */
  std::int64_t unsigned_locks = 0;
  /** Absent where the database has none. */
  std::optional<std::string> cluster_id;
};

/** Duties sorted by history_order (history_merge.h), then by hash; none of them lies at or below
    its watermark, which says the same and more. */
struct HistoryPage {
  std::vector<HistoryDuty> duties;
  /** Where the next page goes on; absent at the end. */
  std::optional<DutyKey> next;
};

struct HistoryBatch {
  std::vector<HistoryMark> marks;
  std::vector<HistoryDuty> duties;
};

enum class ImportMode : std::uint8_t {
  /** Changes nothing and says what `apply` would do now. */
  dry_run = 0,
  apply,
};

enum class ImportOutcome : std::uint8_t {
  /** The store knows another message of this duty, which it keeps. Either the validator was made
      to sign twice, or the two histories do not belong together. */
  conflict = 0,
  /** New to the store. */
  added,
  /** The store knew the message and now has its signature too. */
  completed,
  /** The store knew it: nothing to do. */
  known,
  /** At or below the watermark, which refuses it in any case: nothing to do. */
  below_watermark,
};

/** What became, or would become, of one duty. */
struct MergedDuty {
  ImportOutcome outcome = ImportOutcome::conflict;
  /** conflict: what the store keeps, and who signed that. */
  MessageHash existing_hash;
  std::string existing_node;
};

struct MergedMark {
  /** The higher one of the store's and the batch's. */
  HistoryMark after;
  std::optional<Slot> before;
};

struct MergedHistory {
  /** One for each rollup, validator and type of the batch's marks, sorted. */
  std::vector<MergedMark> marks;
  /** One for each duty of the batch, in its order. */
  std::vector<MergedDuty> duties;
};

}  // namespace holdfast
