#include "cli/migrate_database.h"

#include <utility>

namespace holdfast::cli {

std::optional<PostgresUrl> migration_database_of(CommandCall& call) {
  call.sources.database_url_variable = "DATABASE_URL";
  const std::optional<Settings> settings = settings_of(call);
  if (!settings) return std::nullopt;
  if (!settings->has(SettingId::database_url)) {
    complain(call, missing_setting(SettingId::database_url) + "; DATABASE_URL is read, too");
    return std::nullopt;
  }
  const std::string& text = settings->text(SettingId::database_url);
  if (text.starts_with("sqlite:")) {
    complain(call,
             "a SQLite file needs no migration by hand: the signer makes and upgrades it itself");
    return std::nullopt;
  }
  Result<PostgresUrl> url = PostgresUrl::parse(text);
  if (!url) {
    complain(call, "--database-url: " + url.error().message);
    return std::nullopt;
  }
  return std::move(*url);
}

ExitCode migration_failed(CommandCall& call, const Error& error) {
  complain(call, error.message);
  return error.kind == ErrorKind::invalid_input ? ExitCode::usage : ExitCode::failed;
}

}  // namespace holdfast::cli
