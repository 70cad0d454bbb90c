#include "cli/store_place.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "os/file.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite_store.h"

namespace holdfast::cli {
namespace {

constexpr std::string_view kSqliteScheme = "sqlite:";
constexpr std::string_view kSqliteFile = "duties.db";
/** What a connection may take when the setting is Aztec's 0. */
constexpr std::chrono::milliseconds kConnectTimeout{5000};

std::chrono::milliseconds connect_timeout(const Settings& settings) {
  const auto set = settings.milliseconds(SettingId::pool_connection_timeout_ms);
  return set.count() == 0 ? kConnectTimeout : set;
}

PostgresSettings postgres_settings(const Settings& settings, StoreEvents events,
                                   DatabaseWatch* watch) {
  const auto statement = settings.milliseconds(SettingId::statement_timeout_ms);
  PostgresSettings result;
  result.pool.max = settings.count(SettingId::pool_max);
  result.pool.min = settings.count(SettingId::pool_min);
  result.pool.idle_timeout = settings.milliseconds(SettingId::pool_idle_timeout_ms);
  result.pool.connection_timeout = connect_timeout(settings);
  result.timeouts.statement = statement;
  // A row that somebody else has locked must not use up the whole statement's time.
  result.timeouts.lock = std::max(std::chrono::milliseconds(1), statement / 3);
  result.timeouts.answer = statement + std::chrono::seconds(1);
  result.events.connected = std::move(events.connected);
  result.events.lost = std::move(events.lost);
  result.watch = watch;
  return result;
}

template <class Store>
OpenedStore opened(std::unique_ptr<Store> store) {
  NodeTable* const nodes = store.get();
  return {std::move(store), nodes};
}

Result<OpenedStore> open_sqlite(const SqlitePlace& place, StoreUse use, IoRuntime& runtime,
                                Clock& clock, DatabaseWatch* watch) {
  const std::filesystem::path file(place.path);
  if (use == StoreUse::look) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
      return Error{ErrorKind::not_found,
                   fmt::format("there is no SQLite file {}: no signer has used it yet, or the "
                               "duties are in PostgreSQL (--database-url)",
                               place.path)};
    }
  } else if (!file.parent_path().empty()) {
    if (Result<void> made = make_private_directory(file.parent_path()); !made) {
      return std::move(made).error();
    }
  }
  SqliteSettings sqlite;
  sqlite.path = place.path;
  sqlite.watch = watch;
  Result<std::unique_ptr<SqliteStore>> store =
      SqliteStore::open(std::move(sqlite), clock,
                        [&runtime](std::function<void()> work) { runtime.post(std::move(work)); });
  if (!store) return std::move(store).error();
  return opened(std::move(*store));
}

}  // namespace

Result<StorePlace> store_place_of(const Settings& settings) {
  const std::string& url = settings.text(SettingId::database_url);
  if (url.starts_with(kSqliteScheme)) {
    return StorePlace(SqlitePlace{url.substr(kSqliteScheme.size())});
  }
  if (!url.empty()) {
    Result<PostgresUrl> parsed = PostgresUrl::parse(url);
    if (!parsed) return std::move(parsed).error();
    return StorePlace(std::move(*parsed));
  }
  if (!settings.has(SettingId::data_dir)) {
    return Error{ErrorKind::invalid_input,
                 fmt::format("{}; or {} for a SQLite file on this machine",
                             missing_setting(SettingId::database_url),
                             setting_of(SettingId::data_dir).flag)};
  }
  const std::filesystem::path directory(settings.text(SettingId::data_dir));
  return StorePlace(SqlitePlace{(directory / kSqliteFile).string()});
}

std::string text_of(const StorePlace& place) {
  if (const auto* sqlite = std::get_if<SqlitePlace>(&place)) return "sqlite " + sqlite->path;
  return "postgres " + std::get<PostgresUrl>(place).place();
}

Result<OpenedStore> open_store(const StorePlace& place, const Settings& settings, StoreUse use,
                               IoRuntime& runtime, Clock& clock, StoreEvents events,
                               DatabaseWatch* watch) {
  if (const auto* sqlite = std::get_if<SqlitePlace>(&place)) {
    return open_sqlite(*sqlite, use, runtime, clock, watch);
  }
  return opened(
      std::make_unique<PostgresStore>(runtime.context(), clock, std::get<PostgresUrl>(place),
                                      postgres_settings(settings, std::move(events), watch)));
}

std::chrono::milliseconds store_answer_limit(const Settings& settings) {
  return connect_timeout(settings) + settings.milliseconds(SettingId::statement_timeout_ms) +
         std::chrono::seconds(10);
}

}  // namespace holdfast::cli
