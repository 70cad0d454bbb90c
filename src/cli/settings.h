// Settings: the values that are in force, and where each came from.
//
// Precedence: flag > environment variable > file > default. An environment variable that is set to
// the empty text counts as not set, as it does for an Aztec node.
// Thread rule: a value; it is made at the start and then only read.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/setting.h"

namespace holdfast::cli {

/** The environment of the process, or of a test. */
using Environment = std::map<std::string, std::string, std::less<>>;

/** Where a value came from, in rising precedence. */
enum class SettingOrigin : std::uint8_t { not_set = 0, built_in, file, environment, flag };

struct SettingValue {
  SettingOrigin origin = SettingOrigin::not_set;
  /** Canonical; empty when not set. */
  std::string text;
  /** "--node-id", "VALIDATOR_HA_NODE_ID", "signer.toml:3", "default", "". */
  std::string place;
};

/** What resolve_settings puts together. */
struct SettingSources {
  /** By the setting; the text as it was typed. */
  std::map<SettingId, std::string> flags;
  Environment environment;
  /** One more variable for the database URL (migrate-ha-db: "DATABASE_URL"); empty for none. */
  std::string_view database_url_variable;
};

class Settings {
 public:
  const SettingValue& value(SettingId id) const;
  bool has(SettingId id) const { return value(id).origin != SettingOrigin::not_set; }

  /** Empty when not set. */
  const std::string& text(SettingId id) const { return value(id).text; }
  /** CHECKs that it is set and of that type. */
  std::int64_t integer(SettingId id) const;
  bool boolean(SettingId id) const;
  std::size_t count(SettingId id) const { return static_cast<std::size_t>(integer(id)); }
  std::chrono::milliseconds milliseconds(SettingId id) const {
    return std::chrono::milliseconds(integer(id));
  }
  std::vector<std::string> list(SettingId id) const { return split_list(text(id)); }

  /** What the operator should know and what is no reason to refuse. */
  const std::vector<std::string>& warnings() const noexcept { return warnings_; }

 private:
  friend Result<Settings> resolve_settings(const SettingSources& sources);
  std::array<SettingValue, kSettingCount> values_;
  std::vector<std::string> warnings_;
};

/** The value of every setting. invalid_input lists everything that is wrong, one line each, with
    its place; the errors of the file are among them. */
Result<Settings> resolve_settings(const SettingSources& sources);

/** "missing: --node-id (VALIDATOR_HA_NODE_ID, or node.id in the file)", for settings that a
    command cannot do without. */
std::string missing_setting(SettingId id);

}  // namespace holdfast::cli
