// NodeTable: the rows of the node registry (holdfast_nodes). What they mean is decided elsewhere
// (protection/node_registry.h).
//
// Thread rule: as for DutyStore, which the same classes implement.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "protection/node_registry.h"

namespace holdfast {

/** A node's sign of life. */
struct NodeBeat {
  std::string node_id;
  std::string instance_id;
  std::int64_t journal_sequence = 0;
  /** False for the last one, at a stop. */
  bool running = true;
};

/** A row's publishers as one text: lower case, with commas between them. */
std::string publishers_text(const std::vector<Address>& publishers);
/** The reverse. The error names the table and the node of the row. */
Result<std::vector<Address>> publishers_of_row(std::string_view text, const std::string& node_id);

class NodeTable {
 public:
  virtual ~NodeTable() = default;

  /** All nodes, sorted by node id, times by the database's clock. */
  virtual Task<Result<std::vector<NodeRecord>>> list_nodes() = 0;

  /** Writes the node's row in place of the one of `replaces_instance`; nullopt: there must be none.
      The beat becomes one more than both the row's and `node.beat`. False: another process was
      faster. `started_at_ms` and `last_seen` are now. */
  virtual Task<Result<bool>> put_node(NodeRecord node,
                                      std::optional<std::string> replaces_instance) = 0;

  /** Raises the beat by one, and gives it. nullopt: the row is not this instance's any more. */
  virtual Task<Result<std::optional<std::int64_t>>> beat_node(NodeBeat beat) = 0;
};

}  // namespace holdfast
