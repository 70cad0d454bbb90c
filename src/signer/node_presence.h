// NodePresence: a node's row in the registry, from the start to the stop. It registers, or says who
// stands in its way; writes its row every kBeatInterval, and the journal remembers how often; and
// stops signing for ever when another process has taken the row.
//
// Invariants: S4, S8. Thread rule: the I/O thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "os/clock.h"
#include "protection/node_registry.h"
#include "signer/release_memory.h"
#include "store/duty_store.h"
#include "store/node_table.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace holdfast {

struct NodePresenceSettings {
  std::string node_id;
  std::string instance_id;
  std::string place;
  std::string version;
  std::vector<Address> publishers;
  NewJournal new_journal = NewJournal::refuse;
};

class NodePresence {
 public:
  /** All references outlive this object and what of it is in flight. */
  NodePresence(NodeTable& nodes, DutyStore& store, ReleaseMemory& memory, Clock& clock,
               Metrics& metrics, const Logger& logger, NodePresenceSettings settings);
  NodePresence(const NodePresence&) = delete;
  NodePresence& operator=(const NodePresence&) = delete;
  /** No beat begins after this. */
  ~NodePresence();

  /** Registers. permission_denied: another node, or this node's own past, stands in the way; the
      message says which and what to do. The store has been checked before. */
  Task<Result<void>> enter();

  /** Beats from now on. After enter(), once. */
  void start();

  /** Says that this node has stopped; no beat comes after. */
  Task<void> leave();

 private:
  struct State;
  static void beat_later(const std::shared_ptr<State>& state);
  static Task<void> beat(std::shared_ptr<State> state);
  static Task<Result<std::optional<std::int64_t>>> send_beat(std::shared_ptr<State> state);
  static Task<Result<void>> register_again(std::shared_ptr<State> state);
  static Task<Result<void>> try_register(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace holdfast
