#include "sim/sim_disk.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace holdfast::sim {
namespace {

using std::chrono::milliseconds;

NodeMemory read_back(const SimDisk& disk) {
  NodeMemory memory;
  for (const JournalEntry& entry : disk.entries) memory.apply(entry);
  return memory;
}

bool answers_at_once(Mutation mutation) {
  return mutation == Mutation::skip_the_journal || mutation == Mutation::journal_before_fsync;
}

}  // namespace

std::int64_t beat_on(const SimDisk& disk) {
  return read_back(disk).beat().beat;
}

std::int64_t timeline_on(const SimDisk& disk) {
  const NodeMemory memory = read_back(disk);
  return memory.pin() ? memory.pin()->timeline : 0;
}

SimJournal::SimJournal(SimContext& context, ProcessClock& process, SimDisk& disk)
    : context_(context), process_(process), disk_(disk) {
  restored_memory() = read_back(disk);
}

void SimJournal::do_write(std::vector<JournalEntry> entries,
                          std::function<void(Result<void>)> done) {
  if (context_.mutation == Mutation::skip_the_journal) {
    if (done) done(Result<void>());
    return;
  }
  const bool somebody_waits = static_cast<bool>(done);
  if (done && answers_at_once(context_.mutation)) std::exchange(done, nullptr)(Result<void>());
  if (somebody_waits && !done) done = [](const Result<void>&) {};
  waiting_.push_back({std::move(entries), std::move(done)});
  write_next();
}

void SimJournal::write_next() {
  const auto is_waited_for = [](const Write& write) { return static_cast<bool>(write.done); };
  if (!in_flight_.empty()) return;
  if (std::none_of(waiting_.begin(), waiting_.end(), is_waited_for)) return;
  in_flight_ = std::exchange(waiting_, {});
  const bool slow = context_.dice.percent(context_.weather.slow_disk);
  const milliseconds time(slow ? context_.dice.below(3000) : context_.dice.below(10));
  context_.clock.after(time, [this] { on_written(); });
}

void SimJournal::on_written() {
  std::vector<Write> written = std::exchange(in_flight_, {});
  if (crashed_) {
    // What was still to be written is answered too, so that everything that waits comes to its end.
    std::move(waiting_.begin(), waiting_.end(), std::back_inserter(written));
    waiting_.clear();
    return answer(std::move(written), Error{ErrorKind::unavailable, "the process has crashed"});
  }
  if (disk_.full) {
    // What nobody waits for stays to go with the next write, in its place.
    std::vector<Write> kept;
    for (const Write& write : written) kept.push_back({write.entries, nullptr});
    kept.insert(kept.end(), std::make_move_iterator(waiting_.begin()),
                std::make_move_iterator(waiting_.end()));
    waiting_ = std::move(kept);
    answer(std::move(written), Error{ErrorKind::unavailable, "the disk is full"});
    return write_next();
  }
  ++writes_;
  for (const Write& write : written) {
    disk_.entries.insert(disk_.entries.end(), write.entries.begin(), write.entries.end());
  }
  if (waiting_.empty() && context_.dice.percent(context_.weather.compaction)) compact();
  answer(std::move(written), Result<void>());
  write_next();
}

void SimJournal::answer(std::vector<Write> writes, const Result<void>& result) {
  // The disk is done while the process is paused; that hears of it later, or never.
  for (Write& write : writes) {
    if (!write.done) continue;
    process_.after(milliseconds(0), [done = std::move(write.done), result] { done(result); });
  }
}

void SimJournal::compact() {
  disk_.entries = memory().compacted(2);
  if (context_.mutation != Mutation::forget_in_compaction) return;
  std::erase_if(disk_.entries, [](const JournalEntry& entry) {
    return std::holds_alternative<WatermarkEntry>(entry);
  });
}

void SimJournal::crash() {
  crashed_ = true;
  std::vector<JournalEntry> under_way;
  for (const Write& write : in_flight_) {
    under_way.insert(under_way.end(), write.entries.begin(), write.entries.end());
  }
  if (under_way.empty() || disk_.full) return;
  // A write reaches the disk from its beginning.
  const auto reached = static_cast<std::ptrdiff_t>(context_.dice.below(under_way.size() + 1));
  disk_.entries.insert(disk_.entries.end(), under_way.begin(), under_way.begin() + reached);
}

}  // namespace holdfast::sim
