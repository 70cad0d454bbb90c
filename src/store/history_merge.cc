#include "store/history_merge.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "base/hex.h"

namespace holdfast {
namespace {

constexpr std::string_view kImportedToken = "hf1-imported";
constexpr std::string_view kImportedPinnedToken = "hf1-pin-imported";

auto order_of(const DutyKey& key) {
  return std::tuple(key.rollup_address, key.validator_address, key.slot, name_of(key.duty_type),
                    key.block_index_within_checkpoint);
}

/** The same duty and hash from two places: what is known of either. */
void unite(HistoryDuty& into, HistoryDuty from) {
  const bool better = (!into.signature && from.signature) || (into.pinned && !from.pinned);
  if (better) into = std::move(from);
}

Error not_sorted(const DutyKey& key) {
  return {ErrorKind::corrupt, "the database's order of " + to_text(key) +
                                  " is not that of its text; use a collation that sorts digits "
                                  "before letters"};
}

}  // namespace

std::strong_ordering history_order(const DutyKey& left, const DutyKey& right) {
  return order_of(left) <=> order_of(right);
}

MergedDuty merge_duty(const HistoryDuty& incoming, const LockFacts& facts) {
  MergedDuty merged;
  if (facts.watermark && incoming.duty.key.slot <= *facts.watermark) {
    merged.outcome = ImportOutcome::below_watermark;
    return merged;
  }
  std::vector<const StoredRow*> evidence;
  if (facts.row && facts.row->is_evidence()) evidence.push_back(&*facts.row);
  if (facts.ledger) evidence.push_back(&*facts.ledger);
  merged.outcome = evidence.empty() ? ImportOutcome::added : ImportOutcome::known;
  bool has_signature = false;
  for (const StoredRow* known : evidence) {
    if (known->duty.message_hash != incoming.duty.message_hash) {
      return {.outcome = ImportOutcome::conflict,
              .existing_hash = known->duty.message_hash,
              .existing_node = known->node_id};
    }
    has_signature = has_signature || known->signature.has_value();
  }
  if (!evidence.empty() && !has_signature && incoming.signature) {
    merged.outcome = ImportOutcome::completed;
  }
  return merged;
}

bool is_written(ImportOutcome outcome) noexcept {
  return outcome == ImportOutcome::added || outcome == ImportOutcome::completed;
}

MergedMark merge_mark(const HistoryMark& incoming, const std::optional<Slot>& before) {
  MergedMark merged{.after = incoming, .before = before};
  if (before) merged.after.slot = std::max(incoming.slot, *before);
  return merged;
}

Result<HistoryMark> history_mark_of(std::string_view rollup_address,
                                    std::string_view validator_address, std::string_view duty_type,
                                    Slot slot) {
  const auto rollup = fixed_from_hex<RollupAddress>(rollup_address);
  const auto validator = fixed_from_hex<Address>(validator_address);
  const auto type = duty_type_from_name(duty_type);
  if (!rollup || !validator || !type) {
    return Error{ErrorKind::corrupt,
                 "a row of holdfast_watermark has an impossible address or type; look into it "
                 "before signing on"};
  }
  return HistoryMark{*rollup, *validator, *type, slot};
}

std::vector<HistoryMark> highest_marks(const std::vector<HistoryMark>& marks) {
  std::map<std::tuple<RollupAddress, Address, std::string_view>, HistoryMark> highest;
  for (const HistoryMark& mark : marks) {
    const auto [entry, is_new] = highest.try_emplace(
        {mark.rollup_address, mark.validator_address, name_of(mark.duty_type)}, mark);
    if (!is_new) entry->second.slot = std::max(entry->second.slot, mark.slot);
  }
  std::vector<HistoryMark> sorted;
  for (const auto& [key, mark] : highest) sorted.push_back(mark);
  return sorted;
}

HistoryDuty history_duty_of(const DutyRow& row) {
  const bool is_signed = row.status == DutyStatus::signed_ || row.signature.has_value();
  return {
      .duty = row.duty, .signature = row.signature, .node_id = row.node_id, .pinned = !is_signed};
}

StoredRow ledger_entry_of(const HistoryDuty& imported, std::int64_t now_ms) {
  StoredRow entry;
  entry.duty = imported.duty;
  entry.node_id = imported.node_id;
  entry.signature = imported.signature;
  entry.started_at_ms = now_ms;
  if (imported.pinned) {
    entry.status = DutyStatus::signing;
    entry.token = kImportedPinnedToken;
    entry.error_message = kPinnedAndIdle;
  } else {
    entry.status = DutyStatus::signed_;
    entry.token = kImportedToken;
    entry.completed_at_ms = now_ms;
  }
  return entry;
}

Result<HistoryPage> history_page_of(const std::vector<DutyRow>& rows, std::size_t limit) {
  HistoryPage page;
  std::size_t whole = rows.size();
  if (rows.size() >= limit) {
    // More of the last duty may come; the next page begins with it.
    const DutyKey& last = rows.back().duty.key;
    while (whole > 0 && rows[whole - 1].duty.key == last) --whole;
    if (whole == 0) {
      return Error{ErrorKind::corrupt, "there are too many entries of " + to_text(last)};
    }
    page.next = rows[whole - 1].duty.key;
  }
  for (std::size_t index = 0; index < whole; ++index) {
    HistoryDuty found = history_duty_of(rows[index]);
    if (page.duties.empty()) {
      page.duties.push_back(std::move(found));
      continue;
    }
    HistoryDuty& before = page.duties.back();
    const auto order = std::pair(history_order(before.duty.key, found.duty.key),
                                 before.duty.message_hash <=> found.duty.message_hash);
    if (order.first > 0 || (order.first == 0 && order.second > 0)) {
      return not_sorted(found.duty.key);
    }
    if (order.first == 0 && order.second == 0) {
      unite(before, std::move(found));
    } else {
      page.duties.push_back(std::move(found));
    }
  }
  return page;
}

}  // namespace holdfast
