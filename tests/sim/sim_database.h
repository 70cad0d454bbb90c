// The database behind the nodes' URL, and its history: what it says of itself, how far each node
// has beaten, and which connections are alive. What it stores is the memory store's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/database_watch.h"
#include "store/memory/memory_store.h"

namespace holdfast::sim {

class SimDatabase {
 public:
  /** All that one server holds: a standby, a backup or a dump has it as it was at some time. */
  struct Version {
    MemoryStore::State state;
    std::map<std::string, std::int64_t> beats;
  };

  /** `store` outlives it. */
  explicit SimDatabase(MemoryStore& store);

  MemoryStore& store() noexcept { return store_; }
  const DatabaseIdentity& identity() const noexcept { return identity_; }
  void set_synchronous() { identity_.synchronous = true; }

  /** Which server the URL leads to now: a connection is dead when this has changed since it was
      made. */
  std::uint64_t epoch() const noexcept { return epoch_; }
  /** Called whenever all connections break. */
  void when_broken(std::function<void()> what) { listeners_.push_back(std::move(what)); }

  /** What a new connection finds. */
  DatabaseFacts facts(const DatabaseQuestion& question) const;
  /** The node's beat, one higher than before, or than its own where it is not in the registry. */
  std::int64_t beat(const std::string& node_id, std::int64_t own_beat);

  Version version() const { return {store_.state(), beats_}; }

  /** A standby that has come this far is promoted. */
  void fail_over(Version standby);
  /** A backup is put in the place of the data, on the same server. */
  void restore(Version backup);
  /** Another server stands behind the URL, until bring_back(). */
  void replace(DatabaseIdentity other, Version content);
  void bring_back();
  bool is_replaced() const noexcept { return right_one_.has_value(); }

 private:
  bool knows(const ReleaseEntry& release) const;
  void put(Version version);
  void break_connections();

  MemoryStore& store_;
  DatabaseIdentity identity_;
  std::map<std::string, std::int64_t> beats_;
  std::uint64_t epoch_ = 1;
  std::vector<std::function<void()>> listeners_;
  /** The database that all are pinned to, while another one is in its place. */
  std::optional<std::pair<DatabaseIdentity, Version>> right_one_;
};

}  // namespace holdfast::sim
