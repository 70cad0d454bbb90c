// Grants: gives a login role of PostgreSQL the rights that a signer needs on Holdfast's and Aztec's
// tables, and takes all others on them away, for `holdfast migrate-ha-db grant`.
//
// INVARIANT (S3): when it answers with success, the role can neither drop nor change a trigger or a
// function of ours, nor write the ledger or a watermark but by them; whatever else it has by
// PUBLIC, by the roles that it belongs to or by its attributes was looked at, too. Otherwise it
// refuses, says what stands in the way, and has changed nothing.
//
// DELETE on validator_duties is among a signer's rights: giving a lock back deletes its row. The
// triggers keep what bears a signature.
//
// Thread rule: synchronous; from a command, never from the I/O thread of a signer.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/postgres/postgres_url.h"

namespace holdfast {

enum class GrantFor : std::uint8_t {
  unknown = 0,
  /** `holdfast signer`; serves a stock node that connects as the same role, too. */
  signer,
  /** The same, and it may prune. */
  pruning_signer,
  /** An unmodified Aztec node: validator_duties and schema_version, nothing of Holdfast's. */
  stock_node,
};

enum class GrantMode : std::uint8_t {
  unknown = 0,
  apply,
  /** Does the same in a transaction that is rolled back. */
  dry_run,
};

struct GrantRequest {
  /** As it stands in pg_roles, unquoted: any characters, case counts. */
  std::string role;
  GrantFor purpose = GrantFor::signer;
  GrantMode mode = GrantMode::apply;
};

/** Gives the statements in the order in which they were run, without semicolons; running it again
    runs and changes the same. The URL's user must own the tables or be a superuser.
    not_found: there is no such role. permission_denied: the role could still do more, or would
    not get all of it. schema_mismatch: the tables are not those of this program. timeout: another
    migration held its lock for longer than `lock_timeout`. */
Result<std::vector<std::string>> grant_rights(
    const PostgresUrl& url, const GrantRequest& request,
    std::chrono::milliseconds lock_timeout = std::chrono::seconds(60));

}  // namespace holdfast
