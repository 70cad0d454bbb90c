// NodeMemory: what one node remembers by itself, whatever the shared database says: the messages
// that it released or was about to, the database that it is pinned to, the slots that it was asked
// for, and its quarantine. A fold over the journal's entries. Pure.
//
// Invariants: S8 (never contradict a release of our own), S4 (the pin), S3 (older releases go only
// behind a watermark).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <tuple>
#include <variant>
#include <vector>

#include "protection/database_pin.h"
#include "protection/quarantine.h"

namespace holdfast {

/** The message of this duty is being released, or was. */
struct ReleaseEntry {
  DutyKey key;
  MessageHash message_hash;
  friend bool operator==(const ReleaseEntry&, const ReleaseEntry&) = default;
};
/** It was not released after all, for certain, and is no obstacle to another message. */
struct DropEntry {
  DutyKey key;
  MessageHash message_hash;
  friend bool operator==(const DropEntry&, const DropEntry&) = default;
};
/** Duties at or below this slot are refused: what was released there is not remembered singly. */
struct WatermarkEntry {
  RollupAddress rollup_address;
  Address validator_address;
  DutyType duty_type = DutyType::unknown;
  Slot slot;
  friend bool operator==(const WatermarkEntry&, const WatermarkEntry&) = default;
};
/** The database that this node signs with, as it was when it was last met. */
struct PinEntry {
  DatabaseIdentity identity;
  friend bool operator==(const PinEntry&, const PinEntry&) = default;
};
/** What this node knows to be committed: its beat, and the newest of its releases. */
struct BeatEntry {
  std::int64_t beat = 0;
  std::optional<ReleaseEntry> newest_release;
  friend bool operator==(const BeatEntry&, const BeatEntry&) = default;
};
/** The highest slot that was asked for. */
struct SeenEntry {
  RollupAddress rollup_address;
  Slot slot;
  friend bool operator==(const SeenEntry&, const SeenEntry&) = default;
};
/** The quarantine as it is now; absent: it was ended by the operator's word. */
struct QuarantineEntry {
  std::optional<Quarantine> quarantine;
  friend bool operator==(const QuarantineEntry&, const QuarantineEntry&) = default;
};

using JournalEntry = std::variant<ReleaseEntry, DropEntry, WatermarkEntry, PinEntry, BeatEntry,
                                  SeenEntry, QuarantineEntry>;

class NodeMemory {
 public:
  /** Takes up one entry; entries of a journal in their order. */
  void apply(const JournalEntry& entry);

  /** The message that was released for this duty, as far as is remembered. */
  std::optional<MessageHash> released(const DutyKey& key) const;
  std::optional<Slot> watermark(const DutyKey& key) const;
  const std::optional<DatabaseIdentity>& pin() const noexcept { return pin_; }
  /** The last beat entry; a beat of 0 where there was none. */
  const BeatEntry& beat() const noexcept { return beat_; }
  const SeenSlots& seen() const noexcept { return seen_; }
  const std::optional<Quarantine>& quarantine() const noexcept { return quarantine_; }
  std::size_t release_count() const noexcept { return releases_.size(); }

  /** Entries that make this memory again, but for old releases: of each validator and duty type
      that has more than `releases_max` of them, those in the lower half of its slots give way to a
      watermark. `releases_max` is at least 2 (CHECK). */
  std::vector<JournalEntry> compacted(std::size_t releases_max) const;

 private:
  using WatermarkKey = std::tuple<RollupAddress, Address, DutyType>;

  std::map<DutyKey, MessageHash> releases_;
  std::map<WatermarkKey, Slot> watermarks_;
  std::optional<DatabaseIdentity> pin_;
  BeatEntry beat_;
  SeenSlots seen_;
  std::optional<Quarantine> quarantine_;
};

}  // namespace holdfast
