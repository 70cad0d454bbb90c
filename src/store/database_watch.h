// DatabaseWatch: who looks at the database that a store has found, before anything is done with it
// (S4). The store asks on every new connection and at every check(); what is decided, and what is
// remembered, is not its business.
//
// Thread rule: the I/O thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "protection/node_memory.h"

namespace holdfast {

/** What the database is asked about, beside its identity. */
struct DatabaseQuestion {
  /** Whose beat. */
  std::string node_id;
  /** The newest release that is known to be committed. */
  std::optional<ReleaseEntry> newest_release;
  /** The highest beat that is known to be committed: not for the database but for the watch, whose
      node may have beaten again before the answer is there. */
  std::int64_t beat = 0;
  /** For the watch, too: how many quarantines had begun. */
  std::uint64_t quarantines_begun = 0;
};

class DatabaseWatch {
 public:
  virtual ~DatabaseWatch() = default;

  virtual DatabaseQuestion question() const = 0;

  /** What was found, in answer to `asked`. Called before the connection is used. An error
      (wrong_database): it must not be. */
  virtual Result<void> on_database(const DatabaseQuestion& asked, const DatabaseFacts& facts) = 0;
};

}  // namespace holdfast
