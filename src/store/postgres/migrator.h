// Migrator: makes, removes and describes the tables, for `holdfast migrate-ha-db`.
//
// Aztec's own migrations, word for word and recorded as node-pg-migrate records them, so that
// Aztec's runner sees ours as applied and ours sees Aztec's; then Holdfast's own list, recorded in
// holdfast_migrations: the ledger, the watermarks and the triggers that keep them (S3).
//
// Safe at any moment and from any number of processes: all of them, Aztec's runner included, take
// the same advisory lock; ours wait for it. A run that finds nothing to do takes no lock.
//
// Thread rule: synchronous; from a command, never from the I/O thread of a signer.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/postgres/postgres_url.h"

namespace holdfast {

/** Whether the database itself keeps what was signed from other programs, stock Aztec nodes too. */
enum class Hardening : std::uint8_t {
  unknown = 0,
  /** Our triggers stand on validator_duties. */
  on,
  /** They do not, by the operator's choice. The ledger and the watermarks keep their guards. */
  off,
};

struct MigrationStatus {
  std::string database;
  std::string server_version;
  /** Aztec's migrations that pgmigrations lists, oldest first. */
  std::vector<std::string> applied;
  /** Aztec's schema_version; 0 where there is none. */
  int schema_version = 0;
  /** Ours; 0 where there is none. */
  int holdfast_version = 0;
  /** The operator's last choice; `on` where there was none. */
  Hardening chosen = Hardening::on;
  /** All of our triggers are on validator_duties, the ledger and the watermarks, and enabled. */
  bool protects_signed_duties = false;
  /** Those on the ledger and the watermarks are. */
  bool guards_history = false;
  /** How many are on validator_duties. */
  std::int64_t duty_triggers = 0;
  /** Rows that bear a signature, rows being signed, and rows in the ledger. */
  std::int64_t signed_duties = 0;
  std::int64_t signing_duties = 0;
  std::int64_t ledger_duties = 0;

  /** What `chosen` asks for is there. */
  bool is_as_chosen() const noexcept {
    return chosen == Hardening::off ? guards_history : protects_signed_duties;
  }
};

class Migrator {
 public:
  static constexpr int kOldestSchema = 1;
  static constexpr int kNewestSchema = 2;
  static constexpr int kHoldfastVersion = 3;

  /** `lock_timeout`: how long to wait for other migrations to end. */
  explicit Migrator(PostgresUrl url,
                    std::chrono::milliseconds lock_timeout = std::chrono::seconds(60));

  /** What up() names besides the migrations: the triggers were made, the database was hardened
      that had been chosen not to be, and the other way round. */
  static constexpr std::string_view kMadeTriggers = "holdfast_triggers";
  static constexpr std::string_view kHardenedAgain = "holdfast_harden";
  static constexpr std::string_view kNoLongerHardened = "holdfast_no_harden";

  /** Brings the database to at least this version of Aztec's schema (1 or 2) and to ours, hardened
      or not, and records that choice; gives the names of what was applied, none when there was
      nothing to do. A newer schema stays as it is. schema_mismatch when the database is newer than
      we know or its list of migrations is in another order than Aztec's. */
  Result<std::vector<std::string>> up(int schema_version, Hardening hardening = Hardening::on);

  /** Removes all tables, ours and Aztec's. permission_denied while there are signed duties or a
      ledger, unless the database's own name is given: with the rows goes the memory of what was
      signed. Gives the names of what was removed. */
  Result<std::vector<std::string>> down(const std::optional<std::string>& confirm_database_name);

  Result<MigrationStatus> status();

 private:
  PostgresUrl url_;
  std::chrono::milliseconds lock_timeout_;
};

}  // namespace holdfast
