#include "sim/sim_database.h"

#include <algorithm>

#include "base/check.h"

namespace holdfast::sim {

SimDatabase::SimDatabase(MemoryStore& store)
    : store_(store),
      identity_{.backend = "postgres",
                .cluster_id = "the-cluster",
                .system_identifier = "7000000000000000001",
                .timeline = 1,
                .synchronous = false} {}

DatabaseFacts SimDatabase::facts(const DatabaseQuestion& question) const {
  const auto beat = beats_.find(question.node_id);
  return {.identity = identity_,
          .knows_newest_release = !question.newest_release || knows(*question.newest_release),
          .beat = beat == beats_.end() ? 0 : beat->second};
}

bool SimDatabase::knows(const ReleaseEntry& release) const {
  const MemoryStore::State& state = store_.state();
  const auto is_it = [&](const StoredRow& row) {
    return row.signature && row.duty.message_hash == release.message_hash;
  };
  const auto row = state.rows.find(release.key);
  if (row != state.rows.end() && is_it(row->second)) return true;
  const auto [first, last] = state.ledger.equal_range(release.key);
  if (std::any_of(first, last, [&](const auto& entry) { return is_it(entry.second); })) return true;
  const auto mark = state.watermarks.find(
      {release.key.rollup_address, release.key.validator_address, release.key.duty_type});
  return mark != state.watermarks.end() && release.key.slot <= mark->second;
}

std::int64_t SimDatabase::beat(const std::string& node_id, std::int64_t own_beat) {
  const auto [found, is_new] = beats_.try_emplace(node_id, own_beat + 1);
  if (!is_new) ++found->second;
  return found->second;
}

void SimDatabase::fail_over(Version standby) {
  put(std::move(standby));
  ++identity_.timeline;
  break_connections();
}

void SimDatabase::restore(Version backup) {
  put(std::move(backup));
  break_connections();
}

void SimDatabase::replace(DatabaseIdentity other, Version content) {
  CHECK(!right_one_);
  right_one_.emplace(std::move(identity_), version());
  identity_ = std::move(other);
  put(std::move(content));
  break_connections();
}

void SimDatabase::bring_back() {
  CHECK(right_one_);
  identity_ = std::move(right_one_->first);
  put(std::move(right_one_->second));
  right_one_.reset();
  break_connections();
}

void SimDatabase::put(Version version) {
  store_.restore(std::move(version.state));
  beats_ = std::move(version.beats);
}

void SimDatabase::break_connections() {
  ++epoch_;
  for (const auto& listener : listeners_) listener();
}

}  // namespace holdfast::sim
