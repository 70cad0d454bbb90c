// How two histories become one: the rules that all stores share. A watermark is the higher of the
// two, duties are united, and where both know a duty what is there stays.
// Pure. Invariants: S2, S3.
#pragma once

#include <compare>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/duty_store.h"
#include "store/history.h"
#include "store/stored_row.h"

namespace holdfast {

/** By rollup, validator, slot, name of the type, index: the order of the primary key in SQL. */
std::strong_ordering history_order(const DutyKey& left, const DutyKey& right);

/** `facts` are those of the duty's key. */
MergedDuty merge_duty(const HistoryDuty& incoming, const LockFacts& facts);

/** An import writes what has this outcome. */
bool is_written(ImportOutcome outcome) noexcept;

/** `before` is the store's own mark of that rollup, validator and type. */
MergedMark merge_mark(const HistoryMark& incoming, const std::optional<Slot>& before);

/** A row of holdfast_watermark. corrupt when an address or the type is impossible. */
Result<HistoryMark> history_mark_of(std::string_view rollup_address,
                                    std::string_view validator_address, std::string_view duty_type,
                                    Slot slot);

/** The highest mark of each rollup, validator and type, sorted. */
std::vector<HistoryMark> highest_marks(const std::vector<HistoryMark>& marks);

/** A row or a ledger entry that is evidence, as history. */
HistoryDuty history_duty_of(const DutyRow& row);

/** How an imported duty is kept in the ledger: as evidence of something signed elsewhere. Its times
    are those of the import, so that pruning by age counts from there. */
StoredRow ledger_entry_of(const HistoryDuty& imported, std::int64_t now_ms);

/** The page of `rows`, which are evidence, sorted, from both tables, and at most `limit`. Entries
    of one duty and one hash become one. A full page ends with the last duty that is certainly
    whole. corrupt when the rows are not sorted, or when one duty fills the page. */
Result<HistoryPage> history_page_of(const std::vector<DutyRow>& rows, std::size_t limit);

}  // namespace holdfast
