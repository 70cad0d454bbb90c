#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "store/duty_store.h"
#include "store/history_merge.h"

namespace holdfast {
namespace {

using MarkKey = std::tuple<RollupAddress, Address, DutyType>;

/** Duties of one transaction, and where they stand in the whole batch. */
struct Part {
  HistoryBatch batch;
  std::vector<std::size_t> places;
};

/** Parts of at most `most` duties, none of which has a key twice; what `covered` says is left out.
    The order of equal keys stays: the first one is the one that is kept. */
template <class Covered>
std::vector<Part> parts_of(std::vector<HistoryDuty> duties, std::size_t most, Covered covered) {
  std::vector<std::size_t> order;
  for (std::size_t place = 0; place < duties.size(); ++place) {
    if (!covered(duties[place].duty.key)) order.push_back(place);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
    return history_order(duties[left].duty.key, duties[right].duty.key) < 0;
  });
  std::vector<Part> parts;
  for (const std::size_t place : order) {
    const bool full = parts.empty() || parts.back().places.size() >= most ||
                      parts.back().batch.duties.back().duty.key == duties[place].duty.key;
    if (full) parts.emplace_back();
    parts.back().places.push_back(place);
    parts.back().batch.duties.push_back(std::move(duties[place]));
  }
  return parts;
}

/** A dry run writes nothing, so that a store cannot see that a batch holds a duty twice. */
void see_repeated(const std::vector<Part>& parts, MergedHistory& merged) {
  const HistoryDuty* first = nullptr;
  for (const Part& part : parts) {
    for (std::size_t index = 0; index < part.places.size(); ++index) {
      const HistoryDuty& duty = part.batch.duties[index];
      MergedDuty& outcome = merged.duties[part.places[index]];
      const bool repeats = first != nullptr && first->duty.key == duty.duty.key;
      if (!repeats) {
        first = &duty;
      } else if (first->duty.message_hash != duty.duty.message_hash &&
                 outcome.outcome == ImportOutcome::added) {
        outcome = {.outcome = ImportOutcome::conflict,
                   .existing_hash = first->duty.message_hash,
                   .existing_node = first->node_id};
      } else if (outcome.outcome == ImportOutcome::added) {
        outcome.outcome = ImportOutcome::known;
      }
    }
  }
}

}  // namespace

Task<Result<HistoryPage>> DutyStore::read_history(HistoryFilter filter,
                                                  std::optional<DutyKey> after, std::size_t limit) {
  CHECK(limit >= kHistoryPageMin);
  Result<std::vector<DutyRow>> rows =
      co_await do_read_history(std::move(filter), std::move(after), limit);
  if (!rows) co_return std::move(rows).error();
  co_return history_page_of(*rows, limit);
}

// Safe at every point, should it end there: the watermarks come first, so that everything that the
// other database had pruned is refused before anything else; each duty is refused another message
// from the moment of its transaction on; nothing that protects is ever taken away. What is not
// imported yet is not protected yet, so an import that fails is made again before a key signs.
Task<Result<MergedHistory>> DutyStore::import_history(HistoryBatch batch, ImportMode mode) {
  MergedHistory merged;
  merged.duties.resize(batch.duties.size());
  std::map<MarkKey, Slot> marks;
  const std::vector<HistoryMark> highest = highest_marks(batch.marks);
  for (std::size_t begin = 0; begin < highest.size(); begin += kImportBatch) {
    HistoryBatch part;
    const std::size_t end = std::min(begin + kImportBatch, highest.size());
    for (std::size_t index = begin; index < end; ++index) part.marks.push_back(highest[index]);
    Result<MergedHistory> done = co_await do_import_history(std::move(part), mode);
    if (!done) co_return std::move(done).error();
    for (MergedMark& mark : done->marks) {
      const HistoryMark& after = mark.after;
      marks[{after.rollup_address, after.validator_address, after.duty_type}] = after.slot;
      merged.marks.push_back(std::move(mark));
    }
  }
  for (MergedDuty& duty : merged.duties) duty.outcome = ImportOutcome::below_watermark;
  const auto is_covered = [&marks](const DutyKey& key) {
    const auto mark = marks.find({key.rollup_address, key.validator_address, key.duty_type});
    return mark != marks.end() && key.slot <= mark->second;
  };
  std::vector<Part> parts = parts_of(std::move(batch.duties), kImportBatch, is_covered);
  for (const Part& part : parts) {
    HistoryBatch sent = part.batch;
    Result<MergedHistory> done = co_await do_import_history(std::move(sent), mode);
    if (!done) co_return std::move(done).error();
    CHECK(done->duties.size() == part.places.size());
    for (std::size_t index = 0; index < part.places.size(); ++index) {
      merged.duties[part.places[index]] = std::move(done->duties[index]);
    }
  }
  if (mode == ImportMode::dry_run) see_repeated(parts, merged);
  co_return merged;
}

}  // namespace holdfast
