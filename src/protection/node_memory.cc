#include "protection/node_memory.h"

#include <algorithm>

#include "base/check.h"

namespace holdfast {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

/** The highest slot that gives way: all below the median, so that at most half of them go and the
    slots that are highest, however far off, stay. */
std::optional<Slot> cut_of(std::vector<Slot> slots) {
  std::sort(slots.begin(), slots.end());
  const Slot median = slots[slots.size() / 2];
  const auto first_kept = std::lower_bound(slots.begin(), slots.end(), median);
  if (first_kept == slots.begin()) return std::nullopt;
  return *std::prev(first_kept);
}

}  // namespace

void NodeMemory::apply(const JournalEntry& entry) {
  std::visit(Overloaded{
                 [this](const ReleaseEntry& release) {
                   // The first message stays: a second one is never asked for, and were it, the
                   // first is what was released.
                   releases_.try_emplace(release.key, release.message_hash);
                 },
                 [this](const DropEntry& drop) {
                   const auto found = releases_.find(drop.key);
                   if (found != releases_.end() && found->second == drop.message_hash) {
                     releases_.erase(found);
                   }
                 },
                 [this](const WatermarkEntry& mark) {
                   const WatermarkKey key(mark.rollup_address, mark.validator_address,
                                          mark.duty_type);
                   const auto [found, is_new] = watermarks_.try_emplace(key, mark.slot);
                   if (!is_new) found->second = std::max(found->second, mark.slot);
                 },
                 [this](const PinEntry& pin) { pin_ = pin.identity; },
                 [this](const BeatEntry& beat) { beat_ = beat; },
                 [this](const SeenEntry& seen) {
                   const auto [found, is_new] = seen_.try_emplace(seen.rollup_address, seen.slot);
                   if (!is_new) found->second = std::max(found->second, seen.slot);
                 },
                 [this](const QuarantineEntry& changed) { quarantine_ = changed.quarantine; },
             },
             entry);
}

std::optional<MessageHash> NodeMemory::released(const DutyKey& key) const {
  const auto found = releases_.find(key);
  if (found == releases_.end()) return std::nullopt;
  return found->second;
}

std::optional<Slot> NodeMemory::watermark(const DutyKey& key) const {
  const auto found =
      watermarks_.find(WatermarkKey(key.rollup_address, key.validator_address, key.duty_type));
  if (found == watermarks_.end()) return std::nullopt;
  return found->second;
}

std::vector<JournalEntry> NodeMemory::compacted(std::size_t releases_max) const {
  CHECK(releases_max >= 2);
  std::map<WatermarkKey, Slot> marks = watermarks_;
  std::map<WatermarkKey, std::vector<Slot>> slots;
  for (const auto& [key, hash] : releases_) {
    slots[WatermarkKey(key.rollup_address, key.validator_address, key.duty_type)].push_back(
        key.slot);
  }
  for (auto& [group, of_group] : slots) {
    if (of_group.size() <= releases_max) continue;
    const std::optional<Slot> cut = cut_of(std::move(of_group));
    if (!cut) continue;
    const auto [found, is_new] = marks.try_emplace(group, *cut);
    if (!is_new) found->second = std::max(found->second, *cut);
  }

  std::vector<JournalEntry> entries;
  if (pin_) entries.emplace_back(PinEntry{*pin_});
  for (const auto& [group, slot] : marks) {
    const auto& [rollup, validator, type] = group;
    entries.emplace_back(WatermarkEntry{rollup, validator, type, slot});
  }
  for (const auto& [rollup, slot] : seen_) entries.emplace_back(SeenEntry{rollup, slot});
  for (const auto& [key, hash] : releases_) {
    const auto mark =
        marks.find(WatermarkKey(key.rollup_address, key.validator_address, key.duty_type));
    if (mark != marks.end() && key.slot <= mark->second) continue;
    entries.emplace_back(ReleaseEntry{key, hash});
  }
  entries.emplace_back(beat_);
  if (quarantine_) entries.emplace_back(QuarantineEntry{quarantine_});
  return entries;
}

}  // namespace holdfast
