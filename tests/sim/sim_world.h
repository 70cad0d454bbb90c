// One simulated world: nodes, a shared store, stock Aztec nodes, other programs, faults, and the
// checker, all on virtual time from one seed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/sim_checker.h"
#include "sim/sim_node.h"
#include "sim/sim_settings.h"
#include "store/memory/memory_store.h"
#include "support/virtual_clock.h"

namespace holdfast::sim {

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
  void delete_some_row();
  void prune();
  void heal();
  void demand_liveness();
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
  MemoryStore store_;
  Checker checker_;
  SimContext context_;
  std::vector<Address> validators_;
  /** The running nodes, and those that crashed. */
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::vector<std::unique_ptr<SimNode>> crashed_;
  std::vector<Duty> duties_;
  /** Keys whose row a stock node holds: it may release its signature whatever becomes of it. */
  std::vector<DutyKey> stock_rows_;
  bool healed_ = false;
};

}  // namespace holdfast::sim
