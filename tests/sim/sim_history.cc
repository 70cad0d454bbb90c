// What becomes of a simulated world's database, and of its nodes' disks.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/sim_world.h"

namespace holdfast::sim {

using std::chrono::milliseconds;

void World::plan_history() {
  const milliseconds slots = kSlotLength * kSlots;
  const milliseconds time(2000 + dice_.below(static_cast<std::uint64_t>(slots.count())));
  switch (history_) {
    case History::kept:
    case History::forgetful_with_followers:
      return;
    case History::forgetful:
      return plan_forgetful(time);
    case History::lost_disk:
      return plan_lost_disk(time);
    case History::synchronous_failover:
    case History::lossy_failover:
      plan_failover(time);
      if (dice_.percent(30)) plan_failover(time + milliseconds(dice_.below(8000)));
      return;
    case History::restored_backup:
      return plan_restored_backup(time);
    case History::emptied:
      return plan_emptied(time);
    case History::another_database:
    case History::copy_elsewhere:
      return plan_replaced(time);
    case History::old_primary:
      return plan_old_primary(time);
  }
}

bool World::is_forgetful() const {
  return history_ == History::forgetful || history_ == History::forgetful_with_followers;
}

void World::forget(const DutyKey& key) {
  const std::size_t owner = owners_.at(key);
  const Result<std::optional<DutyRow>> row = clock_.run(store_.read(key));
  if (healed_ || !row || !*row || !(**row).signature) return;
  if (history_ == History::forgetful) {
    // What a node has not released, only its process knows; and that may crash here.
    if (!checker_.was_released(key)) return;
  } else {
    // The owner remembers what it has recorded; and the others ask for the first message only.
    const bool is_first = (**row).duty.message_hash == message_of(key, 2);
    if ((**row).node_id != node(owner).id() || !is_first) return;
  }
  tell("the database forgets " + to_text(key));
  store_.forget_row(key);
}

void World::plan_forgetful(milliseconds time) {
  // The one that has most to remember crashes, with a disk that is maybe full.
  if (dice_.percent(50)) plan_full_disk(favourite_, time - milliseconds(dice_.below(2000)));
  at(time, [this] {
    if (healed_) return;
    crash(favourite_);
    tell(node(favourite_).id() + " starts again");
    start_node(favourite_);
  });
}

void World::plan_lost_disk(milliseconds time) {
  const std::size_t index = dice_.below(kNodes);
  at(time, [this, index] {
    if (healed_) return;
    crash(index);
    tell(node(index).id() + " starts again on a new machine; its journal is accepted as new");
    disks_[index] = SimDisk{};
    start_node(index);
  });
}

void World::with_version(milliseconds time, milliseconds age,
                         std::function<void(SimDatabase::Version)> what) {
  const auto kept = std::make_shared<SimDatabase::Version>();
  at(std::max(milliseconds(0), time - age), [this, kept] { *kept = database_.version(); });
  at(time, [this, kept, what = std::move(what)] {
    if (!healed_) what(std::move(*kept));
  });
}

void World::plan_failover(milliseconds time) {
  const bool loses = history_ == History::lossy_failover;
  const milliseconds lost(loses ? dice_.below(3000) : 0);
  with_version(time, lost, [this, loses, lost](SimDatabase::Version standby) {
    tell(fmt::format("the database fails over, and loses the last {} ms", lost.count()));
    database_.fail_over(loses ? std::move(standby) : database_.version());
  });
}

void World::plan_restored_backup(milliseconds time) {
  const milliseconds age(kBeatInterval.count() + dice_.below(8000));
  with_version(time, age, [this, age](SimDatabase::Version backup) {
    for (std::size_t index = 0; index < kNodes; ++index) {
      // A node that has not beaten since the backup cannot know that there is anything to miss.
      if (beat_on(disks_[index]) <= backup.beats[node(index).id()]) return;
    }
    tell(fmt::format("a backup of {} ms ago is restored", age.count()));
    database_.restore(std::move(backup));
  });
}

void World::plan_emptied(milliseconds time) {
  at(time, [this] {
    const auto has_beaten = [](const SimDisk& disk) { return beat_on(disk) > 0; };
    if (healed_ || !std::all_of(disks_.begin(), disks_.end(), has_beaten)) return;
    tell("the database is emptied by hand");
    database_.restore({});
  });
}

void World::replace(DatabaseIdentity other, SimDatabase::Version content) {
  tell(fmt::format("behind the URL is now {}, system {}, timeline {}", other.cluster_id,
                   other.system_identifier, other.timeline));
  checker_.forbid_releases(clock_.now());
  database_.replace(std::move(other), std::move(content));
}

void World::bring_back() {
  if (!database_.is_replaced()) return;
  tell("the right database is back");
  database_.bring_back();
  checker_.forbid_releases(std::nullopt);
}

void World::plan_replaced(milliseconds time) {
  with_version(time, milliseconds(dice_.below(5000)), [this](SimDatabase::Version copy) {
    DatabaseIdentity other = database_.identity();
    if (history_ == History::another_database) {
      other.cluster_id = "another-cluster";
      copy = {};
    }
    other.system_identifier = "7000000000000000002";
    replace(std::move(other), std::move(copy));
  });
  at(time + milliseconds(dice_.below(12'000)), [this] { bring_back(); });
}

void World::plan_old_primary(milliseconds time) {
  const auto old = std::make_shared<std::pair<DatabaseIdentity, SimDatabase::Version>>();
  at(time, [this, old] {
    if (healed_) return;
    *old = {database_.identity(), database_.version()};
  });
  plan_failover(time);
  const milliseconds again = time + milliseconds(2000 + dice_.below(8000));
  at(again, [this, old] {
    // Who has not met the new primary cannot tell that the old one is old.
    const auto has_met = [this](const SimDisk& disk) {
      return timeline_on(disk) == database_.identity().timeline;
    };
    if (healed_ || !std::all_of(disks_.begin(), disks_.end(), has_met)) return;
    replace(std::move(old->first), std::move(old->second));
  });
  at(again + milliseconds(dice_.below(8000)), [this] { bring_back(); });
}

}  // namespace holdfast::sim
