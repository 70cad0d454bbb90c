// The end of a simulated world: the faults are over, and what was promised must come true.
#include <algorithm>

#include <fmt/format.h>

#include "sim/sim_world.h"

namespace holdfast::sim {

using std::chrono::seconds;

void World::heal() {
  healed_ = true;
  weather_ = Weather::calm();
  if (database_.is_replaced()) bring_back();
  for (SimDisk& disk : disks_) disk.full = false;
  for (std::size_t index = 0; index < kNodes; ++index) {
    if (node(index).process().crashed()) start_node(index);
    node(index).process().resume();
  }
  // Everything that is on its way arrives, and every wait ends.
  clock_.advance(std::chrono::minutes(1));
  tell("the faults are healed");
}

void World::ask_all(const std::vector<Duty>& duties) {
  for (std::size_t index = 0; index < kNodes; ++index) {
    for (const Duty& duty : duties) {
      const auto owner = owners_.find(duty.key);
      if (owner == owners_.end() || owner->second == index) node(index).ask(duty, seconds(20));
    }
  }
}

void World::end_quarantines() {
  const auto is_active = [](const std::unique_ptr<SimNode>& running) {
    return running->memory().active_quarantine() != nullptr;
  };
  // Slots come as they do in life: the first begins the learning, a later one ends it.
  for (std::int64_t slot = kSlots + 2; slot < kSlots + 8; ++slot) {
    if (std::none_of(nodes_.begin(), nodes_.end(), is_active)) return;
    ask_all(fresh_duties(Slot(slot)));
    clock_.advance(kSlotLength);
  }
}

void World::check_quarantines() {
  for (const std::unique_ptr<SimNode>& running : nodes_) {
    if (running->memory().active_quarantine() != nullptr) {
      checker_.fail(running->id() + " is in quarantine still, although duties above it came");
    }
    // A broken protection may well be noticed so; but what it must be caught by is what it does.
    const bool tells = settings_.mutation == Mutation::none && !may_quarantine(history_);
    if (tells && running->memory().memory().quarantine()) {
      checker_.fail(running->id() + " was in quarantine, although nothing was lost");
    }
  }
}

void World::check_answers(const std::vector<Duty>& asked, const char* what) {
  for (const Duty& duty : asked) {
    bool answered = false;
    for (const std::unique_ptr<SimNode>& running : nodes_) {
      const auto found = running->answers().find(duty.key);
      if (found == running->answers().end()) continue;
      if (std::holds_alternative<Error>(found->second)) {
        checker_.fail(fmt::format("{}: {} answers {} with an error although all is well: {}", what,
                                  running->id(), to_text(duty.key),
                                  std::get<Error>(found->second).message));
      }
      const auto* refusal = std::get_if<Refusal>(&found->second);
      answered =
          answered || refusal == nullptr || refusal->reason != RefusalReason::signing_in_progress;
    }
    if (!answered) checker_.fail(fmt::format("{}: nobody gets {} done", what, to_text(duty.key)));
  }
}

std::vector<Duty> World::fresh_duties(Slot slot) {
  std::vector<Duty> fresh;
  for (const DutyType type : kTypes) {
    Duty duty = draw_duty(slot);
    duty.key.duty_type = type;
    duty.key.block_index_within_checkpoint =
        type == DutyType::block_proposal ? BlockIndex(0) : kNoBlockIndex;
    duty.message_hash = message_of(duty.key, 1);
    fresh.push_back(duty);
  }
  return fresh;
}

std::vector<Duty> World::old_duties() {
  std::vector<Duty> old;
  for (const Duty& duty : duties_) {
    const bool stock =
        std::find(stock_rows_.begin(), stock_rows_.end(), duty.key) != stock_rows_.end();
    Result<std::optional<DutyRow>> row = clock_.run(store_.read(duty.key));
    const bool foreign = row && *row && (**row).holder == LockHolder::other_implementation &&
                         (**row).status == DutyStatus::signing;
    if (!stock && !foreign) old.push_back(duty);
  }
  return old;
}

void World::demand_liveness() {
  end_quarantines();
  const std::vector<Duty> fresh = fresh_duties(Slot(kSlots + 12));
  // Old duties end somehow, too: signed, or refused for a reason that lasts.
  const std::vector<Duty> old = old_duties();
  for (const std::unique_ptr<SimNode>& running : nodes_) running->forget_answers();
  ask_all(fresh);
  ask_all(old);
  clock_.advance(std::chrono::minutes(1));
  check_answers(fresh, "new duty");
  check_answers(old, "old duty");
  for (const Duty& duty : fresh) {
    if (!checker_.was_signed(duty.key)) {
      checker_.fail(
          fmt::format("{} is due on healthy nodes and nobody signs it", to_text(duty.key)));
    }
  }
  check_quarantines();
}

}  // namespace holdfast::sim
