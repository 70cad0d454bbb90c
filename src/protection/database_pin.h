// Which database a node signs with, and what to make of the one that it finds. Pure.
//
// Invariant: S4, one history. The cluster id travels with every copy of the data; PostgreSQL's
// system identifier tells a server's data directory and its streaming copies from all others; its
// timeline rises with every promotion; and two things that only this node wrote, its newest
// release and the count of its beats, tell a database that was set back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "protection/quarantine.h"

namespace holdfast {

/** What a database says about itself. */
struct DatabaseIdentity {
  /** "postgres", "sqlite", "memory". */
  std::string backend;
  /** Of holdfast_cluster. */
  std::string cluster_id;
  /** PostgreSQL's; empty for other backends. */
  std::string system_identifier;
  /** PostgreSQL's, from 1; 0 for other backends. */
  std::int64_t timeline = 0;
  /** A commit is acknowledged only when a standby has it, too; true for other backends, which have
      no standby that could lack it. */
  bool synchronous = false;

  friend bool operator==(const DatabaseIdentity&, const DatabaseIdentity&) = default;
};

/** What a node finds in the database, beside its identity. */
struct DatabaseFacts {
  DatabaseIdentity identity;
  /** Whether it knows the newest duty that this node knows to be committed: by a row, the ledger
      or a watermark. True when there is none. */
  bool knows_newest_release = true;
  /** This node's beat in the registry; 0 where the node is not in it. */
  std::int64_t beat = 0;
};

/** Use it, and remember what it says of itself now. */
struct AcceptDatabase {};
/** Use it, but it may have lost commits. */
struct QuarantineDatabase {
  QuarantineReason reason = QuarantineReason::unknown;
};
/** Do not use it. The text says what it is instead, and what to do. */
struct RefuseDatabase {
  std::string why;
};
using DatabaseVerdict = std::variant<RefuseDatabase, QuarantineDatabase, AcceptDatabase>;

/** Decides about a database that a connection leads to. `pinned` is what the journal remembers,
    nullopt on first contact; `beat` the highest beat that this node knows to be committed.
    - first contact: accepted;
    - another backend or cluster id: refused, it is another database;
    - another system identifier: refused, it is a restored copy;
    - an older timeline: refused, it is the primary of before a failover;
    - the newest release or the last beat missing: quarantine, commits were lost;
    - a newer timeline: quarantine, unless the old one was replicated synchronously to the end. */
DatabaseVerdict judge_database(const std::optional<DatabaseIdentity>& pinned, std::int64_t beat,
                               const DatabaseFacts& found);

}  // namespace holdfast
