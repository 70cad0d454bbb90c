#include "cli/config_doc.h"

#include <fmt/format.h>

#include "cli/help.h"

namespace holdfast::cli {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

This page is made from the table in `src/cli/setting_table.cc`; a test holds the two together.
`HOLDFAST_REWRITE_DOCS=1` before that test's program (`unit_cli`) writes it anew.

Every setting can be given as a flag, as an environment variable or in the TOML file that
`--config` (or `HOLDFAST_CONFIG`) names. **A flag wins over the variable, the variable over the
file, the file over the default.** An environment variable that is set to the empty text counts as
not set. A wrong value is an error that names the place, wherever it stands, and the exit code is
2: nothing is replaced by a default. A key in the file that Holdfast does not know is an error with
file and line; an unknown `VALIDATOR_HA_...` variable is a warning, for an Aztec node may know it.

`holdfast signer --print-config` shows every value that is in force and where it came from;
passwords in the database URL are shown as `***`.
[`deploy/signer.example.toml`](../deploy/signer.example.toml) has every key with its default.

The `VALIDATOR_HA_...` variables, `KEY_STORE_DIRECTORY`, `DATA_DIRECTORY`, `L1_CHAIN_ID` and
`ROLLUP_CONTRACT_ADDRESS` mean what they mean to an Aztec node, with these differences, all of them
towards safety:

- `VALIDATOR_HA_SIGNING_ENABLED`: to Aztec 4.1.2 only `1`, `true` and `TRUE` are true, so that
  `True`, `yes` or `on` silently turn protection off. Here true/false/1/0/yes/no/on/off are right in
  any case of letters and anything else is an error; the default is `true`, and with `false` the
  signer does not start, for it has no unprotected mode.
- A number that is none: Aztec silently takes the default; here it is an error that names the place.
- `VALIDATOR_HA_POOL_CONNECTION_TIMEOUT_MS=0`: Aztec waits without end; here it means 5 s.
- `VALIDATOR_HA_OLD_DUTIES_MAX_AGE_H`: Aztec forgets signed duties after that and would sign them
  again; here they are pruned behind a watermark that refuses them for ever.
- `VALIDATOR_HA_DATABASE_URL` not set: an error to Aztec; here the file in the data directory.

`holdfast migrate-ha-db` also reads `DATABASE_URL`, as `aztec migrate-ha-db` does; when both
variables are set and differ it refuses, for it cannot know which database is meant.
)";

std::string cell_of_default(const Setting& setting) {
  if (setting.default_value.empty()) return "not set";
  return fmt::format("`{}`{}", setting.default_value,
                     setting.unit.empty() ? "" : fmt::format(" {}", setting.unit));
}

std::string allowed_of(const Setting& setting) {
  switch (setting.type) {
    case SettingType::integer:
      return fmt::format("{} to {}", setting.min, setting.max);
    case SettingType::text:
      return fmt::format("{} to {} characters", setting.min, setting.max);
    case SettingType::choice: {
      std::string text = "`";
      for (const char c : setting.choices)
        text += c == '|' ? std::string("`, `") : std::string(1, c);
      return text + "`";
    }
    case SettingType::boolean:
      return "true/false/1/0/yes/no/on/off, any case";
    case SettingType::path:
      return setting.id == SettingId::data_dir ? "a directory" : "a file";
    case SettingType::path_list:
      return "files and directories, separated by commas";
    case SettingType::database_url:
      return "`postgresql://...`, `postgres://...`, `sqlite:PATH`";
    case SettingType::address:
      return "0x and 40 hex digits";
    case SettingType::listen_address:
      return "`HOST:PORT`, an IPv6 host in brackets; port 0 is any";
    case SettingType::harmless_types:
      return "`AUTH_REQUEST`, `TXS`, separated by a comma";
  }
  return "";
}

std::string section_of(const Setting& setting) {
  std::string out = fmt::format("### `{}`\n\n{}\n", setting.flag, wrapped(setting.help, 0, 100));
  out += fmt::format("- Environment: `{}`\n", setting.environment);
  if (!setting.toml_key.empty()) out += fmt::format("- File: `{}`\n", setting.toml_key);
  out +=
      fmt::format("- Allowed: {}\n- Default: {}\n", allowed_of(setting), cell_of_default(setting));
  return out;
}

bool is_quoted(SettingType type) {
  return type != SettingType::integer && type != SettingType::boolean;
}

/** A line that shows the form where there is no default. */
std::string_view example_value(SettingId id) {
  switch (id) {
    case SettingId::node_id:
      return "validator-node-1";
    case SettingId::rollup_address:
      return "0x603bb2c05d474794ea97805e8de69bccfb3bca12";
    case SettingId::data_dir:
      return "/var/lib/holdfast";
    case SettingId::keystore:
      return "/etc/holdfast/keystore.json";
    case SettingId::remote_signer_ca:
      return "/etc/holdfast/tls/remote-signer-ca.crt";
    case SettingId::database_url:
      return "postgresql://holdfast@db.example:5432/validator_ha";
    case SettingId::old_duties_max_age_h:
      return "168";
    case SettingId::harmless_duty_types:
      return "AUTH_REQUEST,TXS";
    case SettingId::tls_certificate:
      return "/etc/holdfast/tls/server.crt";
    case SettingId::tls_key:
      return "/etc/holdfast/tls/server.key";
    case SettingId::tls_client_ca:
      return "/etc/holdfast/tls/clients.crt";
    case SettingId::bearer_token_file:
      return "/etc/holdfast/bearer-token";
    case SettingId::config:
    case SettingId::chain_id:
    case SettingId::pool_max:
    case SettingId::pool_min:
    case SettingId::pool_idle_timeout_ms:
    case SettingId::pool_connection_timeout_ms:
    case SettingId::statement_timeout_ms:
    case SettingId::signing_enabled:
    case SettingId::polling_interval_ms:
    case SettingId::signing_timeout_ms:
    case SettingId::signer_call_timeout_ms:
    case SettingId::replay:
    case SettingId::claim_delay_ms:
    case SettingId::max_stuck_duties_age_ms:
    case SettingId::quarantine_margin_slots:
    case SettingId::gated:
    case SettingId::allow_attester_exit:
    case SettingId::listen:
    case SettingId::ops_listen:
    case SettingId::max_body_bytes:
    case SettingId::max_connections:
    case SettingId::max_in_flight:
    case SettingId::max_batch:
    case SettingId::request_deadline_ms:
    case SettingId::stop_timeout_ms:
    case SettingId::log_level:
    case SettingId::log_format:
    case SettingId::memory_lock:
      return setting_of(id).default_value;
  }
  return "";
}

}  // namespace

std::string configuration_document() {
  std::string out(kIntroduction);
  out += "\n| flag | environment | file | default |\n|---|---|---|---|\n";
  for (const Setting& setting : settings_table()) {
    const std::string key = setting.toml_key.empty() ? "" : fmt::format("`{}`", setting.toml_key);
    out += fmt::format("| `{}` | `{}` | {} | {} |\n", setting.flag, setting.environment, key,
                       cell_of_default(setting));
  }
  std::string_view group;
  for (const Setting& setting : settings_table()) {
    if (setting.group != group) {
      group = setting.group;
      out += fmt::format("\n## {}\n", group);
    }
    out += "\n" + section_of(setting);
  }
  return out;
}

std::string example_toml() {
  std::string out =
      "# Settings of `holdfast signer`, with their defaults; docs/CONFIGURATION.md explains each.\n"
      "# Take the # away from a line to change it. The file may hold a database password: chmod "
      "600.\n"
      "# A flag wins over the environment, the environment over this file.\n\n";
  std::string_view table;
  for (const Setting& setting : settings_table()) {
    if (setting.toml_key.empty()) continue;
    const auto dot = setting.toml_key.find('.');
    if (setting.toml_key.substr(0, dot) != table) {
      table = setting.toml_key.substr(0, dot);
      out += fmt::format("[{}]\n", table);
    }
    std::string help = wrapped(setting.help, 0, 96);
    for (std::size_t begin = 0; begin < help.size();) {
      const auto end = help.find('\n', begin);
      out += fmt::format("# {}\n", std::string_view(help).substr(begin, end - begin));
      begin = end + 1;
    }
    const std::string_view quote = is_quoted(setting.type) ? "\"" : "";
    out += fmt::format("#{} = {}{}{}\n\n", setting.toml_key.substr(dot + 1), quote,
                       example_value(setting.id), quote);
  }
  out.pop_back();
  return out;
}

Table config_table(const Settings& settings) {
  Table table{{"setting", "value", "from"}, {}};
  for (const Setting& setting : settings_table()) {
    if (setting.id == SettingId::config) continue;
    const SettingValue& value = settings.value(setting.id);
    table.rows.push_back({std::string(setting.toml_key), shown_value(setting, value.text),
                          value.place.empty() ? std::string("not set") : value.place});
  }
  return table;
}

}  // namespace holdfast::cli
