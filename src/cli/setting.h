// The settings of every command: ONE table from which flags, environment variables, the TOML
// file, --print-config, --help and docs/CONFIGURATION.md are made, so that they cannot disagree.
//
// Precedence: flag > environment variable > file > default. A value is checked where it comes
// from and the error names that place; no wrong value is ever replaced by a default.
//
// Thread rule: the table is constant.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holdfast::cli {

/** Every setting, in the order of the table. */
enum class SettingId : std::uint8_t {
  config,
  node_id,
  rollup_address,
  chain_id,
  data_dir,
  keystore,
  remote_signer_ca,
  database_url,
  pool_max,
  pool_min,
  pool_idle_timeout_ms,
  pool_connection_timeout_ms,
  statement_timeout_ms,
  signing_enabled,
  polling_interval_ms,
  signing_timeout_ms,
  signer_call_timeout_ms,
  replay,
  claim_delay_ms,
  max_stuck_duties_age_ms,
  old_duties_max_age_h,
  quarantine_margin_slots,
  gated,
  harmless_duty_types,
  allow_attester_exit,
  listen,
  ops_listen,
  tls_certificate,
  tls_key,
  tls_client_ca,
  bearer_token_file,
  max_body_bytes,
  max_connections,
  max_in_flight,
  max_batch,
  request_deadline_ms,
  stop_timeout_ms,
  log_level,
  log_format,
  memory_lock,
};
inline constexpr std::size_t kSettingCount = static_cast<std::size_t>(SettingId::memory_lock) + 1;

/** How a value is read and checked. */
enum class SettingType : std::uint8_t {
  /** One line of text; bounds are its length in bytes. */
  text = 0,
  /** A whole number within the bounds. */
  integer,
  /** true/false/1/0/yes/no/on/off in any case. */
  boolean,
  /** One of `choices`, in any case. */
  choice,
  path,
  /** Paths separated by commas; in TOML a list of texts is right too. */
  path_list,
  /** postgresql://..., postgres://... or sqlite:PATH. Its passwords are never shown. */
  database_url,
  /** 0x and 40 hex digits. */
  address,
  /** HOST:PORT, an IPv6 host in brackets; port 0 takes a free one. */
  listen_address,
  /** AUTH_REQUEST and TXS, separated by commas. */
  harmless_types,
};

struct Setting {
  SettingId id = SettingId::config;
  /** The heading under which help and documentation list it. */
  std::string_view group;
  /** "--node-id". */
  std::string_view flag;
  std::string_view environment;
  /** "node.id"; empty for what a file cannot say about itself. */
  std::string_view toml_key;
  SettingType type = SettingType::text;
  /** As it would be written on a command line; empty means not set. */
  std::string_view default_value;
  /** "milliseconds"; empty where there is none. */
  std::string_view unit;
  std::int64_t min = 0;
  std::int64_t max = 0;
  /** "off|own|any", for the type choice. */
  std::string_view choices;
  /** What it does and what follows from it, in sentences. */
  std::string_view help;
};

/** The table: kSettingCount rows, row i is SettingId(i). */
std::span<const Setting> settings_table() noexcept;

const Setting& setting_of(SettingId id) noexcept;

/** The value in its canonical form (booleans "true" or "false", addresses in lower case, choices
    in lower case), or invalid_input saying what is wrong with it and what would be right. The
    message begins with the value where the value is not a secret; the caller adds the place. */
Result<std::string> checked_value(const Setting& setting, std::string_view text);

/** The parts of a comma-separated value, trimmed, without empty ones. */
std::vector<std::string> split_list(std::string_view text);

/** What stands for the value in help: "MILLISECONDS", "FILE", "off|own|any". */
std::string value_name_of(const Setting& setting);

/** The database URL with every password replaced by "***". Greedy: where a text cannot be taken
    apart for certain, more is hidden rather than less. */
std::string masked_database_url(std::string_view url);

/** True when the URL carries a password in clear. */
bool has_password(std::string_view database_url);

/** The value as people may see it: masked when it is a database URL. */
std::string shown_value(const Setting& setting, std::string_view text);

/** The candidate nearest to what was typed, if one is near enough to be a typing mistake. */
std::optional<std::string> nearest_name(std::string_view typed,
                                        std::span<const std::string_view> candidates);

}  // namespace holdfast::cli
