// Who may sign as which node: the rules of the node registry. Pure.
//
// Invariants: S4 and S8 in part: two live processes with one node id, one publisher key on two live
// nodes, and a node whose own journal is missing or was set back are refused.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crypto/address.h"

namespace holdfast {

/** A row of holdfast_nodes. */
struct NodeRecord {
  std::string node_id;
  /** Random, one for each process. */
  std::string instance_id;
  /** Where it runs, for people: "host-a pid 4711". */
  std::string place;
  std::string version;
  std::vector<Address> publishers;
  std::string journal_id;
  std::int64_t journal_sequence = 0;
  /** Counts the node's writes of this row; never falls. */
  std::int64_t beat = 0;
  /** False after a stop that came to its end. */
  bool running = false;
  /** When this process registered: milliseconds since 1970 by the database's clock. */
  std::int64_t started_at_ms = 0;
  /** How long ago it wrote its row, by the database's clock. */
  std::chrono::milliseconds last_seen{0};

  friend bool operator==(const NodeRecord&, const NodeRecord&) = default;
};

/** A node writes its row this often, */
inline constexpr std::chrono::milliseconds kBeatInterval{10'000};
/** and one that is running and has written it within this time counts as alive. */
inline constexpr std::chrono::milliseconds kNodeAlive{30'000};

/** "node-1 (host-a pid 4711)". */
std::string describe(const NodeRecord& node);

bool is_alive(const NodeRecord& node) noexcept;

/** The first of `own` that the node has, too. */
std::optional<Address> shared_publisher(const std::vector<Address>& own, const NodeRecord& node);

enum class NewJournal : std::uint8_t {
  refuse = 0,
  /** --accept-new-journal */
  accept,
};

/** What a process that wants to register knows of itself. */
struct Registration {
  NodeRecord wanted;
  /** The journal remembers neither a release nor a registration. Not only where it was made just
      now: a start that is refused leaves one behind, and the next one must not be taken in by it.
   */
  bool journal_is_new = false;
  NewJournal new_journal = NewJournal::refuse;
  /** The database has signatures of this node. Looked for only where the journal is new. */
  bool has_signed = false;
};

struct RefuseNode {
  std::string why;
};
/** Put the row in, in place of the one of that instance, or of none. */
struct RegisterNode {
  std::optional<std::string> replaces_instance;
};
using RegistrationVerdict = std::variant<RefuseNode, RegisterNode>;

/** Decides about a registration among the nodes that are registered now:
    - its node id is alive with another journal: refused, both named. The same journal is proof that
      the other process is gone, for a journal is locked by the process that has it open;
    - the database knows another journal of this node, or this one further on: refused unless the
      new one was accepted;
    - the database has signatures of this node and the journal is new: the same;
    - a node that is alive has one of its publishers: refused, both named. */
RegistrationVerdict judge_registration(const Registration& registration,
                                       const std::vector<NodeRecord>& nodes);

/** After the row was written: of two nodes that share a publisher and registered at once, the later
    one gives way. nullopt: all is well. */
std::optional<std::string> publisher_conflict(const NodeRecord& own,
                                              const std::vector<NodeRecord>& nodes);

}  // namespace holdfast
