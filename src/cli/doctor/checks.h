// What `holdfast doctor` makes of what it finds: each fact to a line with a state, what was found
// and what to do. Pure; doctor_command.cc gathers the facts.
//
// `failed` is what endangers the stake, or keeps this node from signing now; `warning` is what
// makes a missed duty more likely, or a later loss worse.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "cli/doctor/signer_answer.h"
#include "crypto/address.h"
#include "os/file_system.h"
#include "protection/database_pin.h"
#include "protection/node_memory.h"
#include "protection/node_registry.h"
#include "store/duty_store.h"
#include "store/postgres/postgres_health.h"

namespace holdfast::cli {

enum class CheckState : std::uint8_t { failed = 0, warning, ok };
/** "failed", "warning", "ok". */
std::string_view name_of(CheckState state) noexcept;

struct Check {
  /** snake_case; the same name may come more than once. */
  std::string name;
  CheckState state = CheckState::failed;
  std::string found;
  /** Empty when there is nothing to do. */
  std::string what_to_do;

  friend bool operator==(const Check&, const Check&) = default;
};
using Checks = std::vector<Check>;

/** signer_problems and signer_warnings. */
Checks check_configuration(const std::vector<std::string>& problems,
                           const std::vector<std::string>& warnings);

/** What the keystores come to. */
struct KeyFacts {
  std::vector<Address> attesters;
  /** Those that are no attesters. */
  std::vector<Address> publishers;
  std::vector<std::string> warnings;
};
Checks check_keys(const KeyFacts& keys);

/** What became of asking each remote signer for its addresses. */
Check check_remote_signers(const Result<void>& asked);

/** The data directory, which holds the journal. */
Checks check_data_directory(const Result<FileSystemFacts>& directory);

/** What the database must have for a signer to work with it. */
Checks check_schema(const StoreState& state, bool is_gated);

/** `connections_wanted` is what the pools of all nodes that are alive may take together. */
Checks check_server(const PostgresHealth& health, std::int64_t connections_wanted);

/** The registry, as it looks from `node_id`, which may be empty. */
Checks check_nodes(const std::string& node_id, const std::vector<Address>& publishers,
                   const std::vector<NodeRecord>& nodes);

/** This node's journal. `is_known`: the database has the node in its registry, or signatures of
    it; absent: it could not be asked. */
Check check_journal(const Result<NodeMemory>& memory, std::optional<bool> is_known);

/** Whether the database is the one that the node is pinned to. */
Check check_pin(const NodeMemory& memory, const DatabaseFacts& facts);

/** `rollup` is the one that the node signs for. */
Check check_quarantine(const NodeMemory& memory, const std::optional<RollupAddress>& rollup);

/** Of the rows in status `signing`, those that are older than `stuck_age` at `now_ms`, and those
    that are pinned. */
Checks check_locks(const std::vector<DutyRow>& signing, std::int64_t now_ms,
                   std::chrono::milliseconds stuck_age);

/** What was signed in the last hour, by which of the nodes that are alive. */
Check check_distribution(const std::vector<DutyCount>& last_hour,
                         const std::vector<NodeRecord>& nodes);

/** What answers at the ops address, where `node_id` should be. */
Check check_signer(const std::string& node_id, const std::string& ops_address,
                   const Result<SignerAnswer>& answer);

}  // namespace holdfast::cli
