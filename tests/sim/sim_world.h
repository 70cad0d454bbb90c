// One simulated world: nodes, a shared store, stock Aztec nodes, other programs, faults, and the
// checker, all on virtual time from one seed.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/sim_checker.h"
#include "sim/sim_database.h"
#include "sim/sim_disk.h"
#include "sim/sim_node.h"
#include "sim/sim_settings.h"
#include "store/memory/memory_store.h"
#include "support/virtual_clock.h"

namespace holdfast::sim {

inline constexpr std::array kTypes = {DutyType::block_proposal, DutyType::attestation,
                                      DutyType::governance_vote};

/** The hash of one of the messages that could be wanted for a duty. Messages of different duties
    differ, as they do in the protocol, where the duty is part of what is hashed. */
MessageHash message_of(const DutyKey& key, std::uint64_t content);

struct SimResult {
  /** What went wrong; nullopt when nothing did. */
  std::optional<std::string> violation;
  std::size_t duties_signed = 0;
  std::size_t duties_due = 0;
};

class World {
 public:
  explicit World(SimSettings settings);

  /** Plays the world to its end. */
  SimResult run();

 private:
  static constexpr std::size_t kNodes = 3;
  static constexpr std::int64_t kSlots = 4;
  static constexpr std::chrono::seconds kSlotLength{6};

  Duty draw_duty(Slot slot);
  void plan_slot(Slot slot);
  void plan_requests(const Duty& duty, std::chrono::milliseconds at);
  void plan_stock_node(const Duty& duty, std::chrono::milliseconds at);
  void plan_trouble();
  void plan_node_trouble(std::chrono::milliseconds at);
  void plan_full_disk(std::size_t index, std::chrono::milliseconds at);
  void crash(std::size_t index);
  void delete_some_row();
  void prune();

  // What becomes of the database, and of the disks (sim_history.cc).
  void plan_history();
  void plan_forgetful(std::chrono::milliseconds at);
  void plan_lost_disk(std::chrono::milliseconds at);
  void plan_failover(std::chrono::milliseconds at);
  void plan_restored_backup(std::chrono::milliseconds at);
  void plan_emptied(std::chrono::milliseconds at);
  void plan_replaced(std::chrono::milliseconds at);
  /** Replaces the database for a while, and forbids releases meanwhile. */
  void replace(DatabaseIdentity other, SimDatabase::Version content);
  void bring_back();
  void plan_old_primary(std::chrono::milliseconds at);
  /** Takes the version `age` before `at`, and gives it to `what` then. */
  void with_version(std::chrono::milliseconds at, std::chrono::milliseconds age,
                    std::function<void(SimDatabase::Version)> what);
  /** The row of a duty that its owner has released is gone without a trace. */
  void forget(const DutyKey& key);
  bool is_forgetful() const;

  // The end: the faults are over, and duties must be signed (sim_healing.cc).
  void heal();
  void end_quarantines();
  void ask_all(const std::vector<Duty>& duties);
  void demand_liveness();
  std::vector<Duty> fresh_duties(Slot slot);
  std::vector<Duty> old_duties();
  void check_quarantines();
  void check_answers(const std::vector<Duty>& asked, const char* what);
  SimNode& start_node(std::size_t at);
  SimNode& node(std::size_t at) { return *nodes_[at]; }
  void at(std::chrono::milliseconds time, std::function<void()> what);
  void tell(const std::string& what) const;

  SimSettings settings_;
  test::VirtualClock clock_;
  MonotonicTime began_;
  Dice dice_;
  Weather weather_;
  History history_;
  MemoryStore store_;
  SimDatabase database_;
  Checker checker_;
  SimContext context_;
  std::vector<Address> validators_;
  /** What outlives the nodes' processes. */
  std::array<SimDisk, kNodes> disks_;
  /** The nodes as they are now, and processes that have crashed and were followed by another. */
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::vector<std::unique_ptr<SimNode>> crashed_;
  std::vector<Duty> duties_;
  /** In a forgetful world: who may be asked for more than one message. */
  std::map<DutyKey, std::size_t> owners_;
  /** Who owns most of them there: one that has much to remember. */
  std::size_t favourite_ = 0;
  /** Keys whose row a stock node holds: it may release its signature whatever becomes of it. */
  std::vector<DutyKey> stock_rows_;
  bool healed_ = false;
};

}  // namespace holdfast::sim
