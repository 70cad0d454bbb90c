// Which store the settings name, and the store itself.
// Thread rule: the I/O thread, or before it runs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "base/result.h"
#include "cli/settings.h"
#include "os/clock.h"
#include "os/io_runtime.h"
#include "store/database_watch.h"
#include "store/duty_store.h"
#include "store/node_table.h"
#include "store/postgres/postgres_url.h"

namespace holdfast::cli {

struct SqlitePlace {
  std::string path;
};

/** A SQLite file on this machine, or a PostgreSQL database. */
using StorePlace = std::variant<SqlitePlace, PostgresUrl>;

/** The database URL, or duties.db in the data directory without one. invalid_input when neither is
    set. */
Result<StorePlace> store_place_of(const Settings& settings);

/** "sqlite /var/lib/holdfast/duties.db", "postgres db:5432/validator_ha": never a password. */
std::string text_of(const StorePlace& place);

/** What becomes of the connections to PostgreSQL; both may be empty. */
struct StoreEvents {
  std::function<void()> connected;
  std::function<void(const Error&)> lost;
};

/** What the store is opened for. */
enum class StoreUse : std::uint8_t {
  /** Only to look: a SQLite file that is not there is not_found and is not made. */
  look = 0,
  sign,
};

/** A store, and its registry of nodes. */
struct OpenedStore {
  std::unique_ptr<DutyStore> duties;
  /** Part of the store. */
  NodeTable* nodes = nullptr;
};

/** The store. A SQLite file's directory and the file are made for StoreUse::sign; PostgreSQL is
    connected when the store is first asked. `watch` looks at the database that it finds (S4); null:
    nobody does, and nothing may be signed. `runtime`, `clock` and `watch` outlive it. */
Result<OpenedStore> open_store(const StorePlace& place, const Settings& settings, StoreUse use,
                               IoRuntime& runtime, Clock& clock, StoreEvents events,
                               DatabaseWatch* watch);

/** How long a command waits for one answer of the store, connecting included. */
std::chrono::milliseconds store_answer_limit(const Settings& settings);

}  // namespace holdfast::cli
