#include "cli/settings.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "cli/toml_file.h"

namespace holdfast::cli {
namespace {

constexpr std::string_view kHaPrefix = "VALIDATOR_HA_";

std::vector<std::string_view> all_toml_keys() {
  std::vector<std::string_view> keys;
  for (const Setting& setting : settings_table()) {
    if (!setting.toml_key.empty()) keys.push_back(setting.toml_key);
  }
  return keys;
}

std::vector<std::string_view> all_variables() {
  std::vector<std::string_view> names;
  for (const Setting& setting : settings_table()) names.push_back(setting.environment);
  return names;
}

const Setting* setting_of_key(std::string_view key) {
  for (const Setting& setting : settings_table()) {
    if (!key.empty() && setting.toml_key == key) return &setting;
  }
  return nullptr;
}

/** What a value of this setting may be written as in the file. */
bool fits(SettingType type, TomlKind kind) {
  switch (type) {
    case SettingType::integer:
      return kind == TomlKind::integer;
    case SettingType::boolean:
      return kind == TomlKind::boolean;
    case SettingType::path_list:
    case SettingType::harmless_types:
      return kind == TomlKind::text || kind == TomlKind::text_list;
    case SettingType::text:
    case SettingType::choice:
    case SettingType::path:
    case SettingType::database_url:
    case SettingType::address:
    case SettingType::listen_address:
      return kind == TomlKind::text;
  }
  return false;
}

std::string_view wanted_kind(SettingType type) {
  switch (type) {
    case SettingType::integer:
      return "a whole number without quotes";
    case SettingType::boolean:
      return "true or false without quotes";
    case SettingType::path_list:
    case SettingType::harmless_types:
      return "a text in quotes or a list of them";
    case SettingType::text:
    case SettingType::choice:
    case SettingType::path:
    case SettingType::database_url:
    case SettingType::address:
    case SettingType::listen_address:
      return "a text in quotes";
  }
  return "something else";
}

/** Gathers values and what is wrong with them. */
class Resolver {
 public:
  explicit Resolver(const SettingSources& sources) : sources_(sources) {}

  void run() {
    for (const Setting& setting : settings_table()) {
      if (!setting.default_value.empty()) {
        set(setting, SettingOrigin::built_in, setting.default_value, "default");
      }
    }
    read_file();
    for (const Setting& setting : settings_table()) read_variable(setting);
    read_extra_database_url();
    for (const auto& [id, text] : sources_.flags) {
      const Setting& setting = setting_of(id);
      set(setting, SettingOrigin::flag, text, std::string(setting.flag));
    }
    warn_of_unknown_variables();
    warn_of_visible_password();
  }

  std::array<SettingValue, kSettingCount> values;
  std::vector<std::string> warnings;
  std::vector<std::string> errors;

 private:
  std::string variable(std::string_view name) const {
    const auto found = sources_.environment.find(name);
    return found == sources_.environment.end() ? std::string() : found->second;
  }

  SettingValue& value(SettingId id) { return values[static_cast<std::size_t>(id)]; }

  void set(const Setting& setting, SettingOrigin origin, std::string_view text, std::string place) {
    Result<std::string> checked = checked_value(setting, text);
    if (!checked) {
      errors.push_back(fmt::format("{}: {}", place, checked.error().message));
      return;
    }
    // An empty list in the file is a way to say that nothing is set.
    if (checked->empty()) origin = SettingOrigin::not_set;
    value(setting.id) = {origin, std::move(*checked), std::move(place)};
  }

  void read_variable(const Setting& setting) {
    const std::string text = variable(setting.environment);
    if (text.empty()) return;
    set(setting, SettingOrigin::environment, text, std::string(setting.environment));
  }

  void read_extra_database_url() {
    if (sources_.database_url_variable.empty()) return;
    const std::string text = variable(sources_.database_url_variable);
    if (text.empty()) return;
    const Setting& setting = setting_of(SettingId::database_url);
    const std::string other = variable(setting.environment);
    const bool flag_decides = sources_.flags.contains(SettingId::database_url);
    if (!other.empty() && other != text && !flag_decides) {
      errors.push_back(fmt::format("{} and {} name two different databases: unset one of them",
                                   sources_.database_url_variable, setting.environment));
      return;
    }
    set(setting, SettingOrigin::environment, text, std::string(sources_.database_url_variable));
  }

  void read_file() {
    const auto flag = sources_.flags.find(SettingId::config);
    const std::string path = flag != sources_.flags.end()
                                 ? flag->second
                                 : variable(setting_of(SettingId::config).environment);
    if (path.empty()) return;
    Result<std::vector<TomlEntry>> entries = read_toml_file(path);
    if (!entries) {
      errors.push_back(std::move(entries).error().message);
      return;
    }
    for (const TomlEntry& entry : *entries) read_entry(entry, path);
    warn_of_readable_password(path);
  }

  void read_entry(const TomlEntry& entry, const std::string& path) {
    const std::string place = fmt::format("{}:{}", path, entry.line);
    const Setting* setting = setting_of_key(entry.key);
    if (setting == nullptr) {
      const auto near = nearest_name(entry.key, all_toml_keys());
      errors.push_back(fmt::format("{}: unknown key '{}'{}", place, entry.key,
                                   near ? fmt::format("; did you mean '{}'?", *near) : ""));
    } else if (!fits(setting->type, entry.kind)) {
      errors.push_back(
          fmt::format("{}: {} must be {}", place, entry.key, wanted_kind(setting->type)));
    } else {
      set(*setting, SettingOrigin::file, entry.value, place);
    }
  }

  void warn_of_readable_password(const std::string& path) {
    struct stat status {};
    if (!has_password(value(SettingId::database_url).text)) return;
    if (::stat(path.c_str(), &status) != 0 || (status.st_mode & 077) == 0) return;
    warnings.push_back(fmt::format(
        "{} holds a database password and other users may read it: chmod 600 {}", path, path));
  }

  void warn_of_visible_password() {
    const SettingValue& url = value(SettingId::database_url);
    if (url.origin != SettingOrigin::flag || !has_password(url.text)) return;
    warnings.push_back(fmt::format(
        "the password in --database-url is visible to every user of this machine (ps): put the "
        "URL into {} or into the file of --config",
        setting_of(SettingId::database_url).environment));
  }

  void warn_of_unknown_variables() {
    const std::vector<std::string_view> known = all_variables();
    for (const auto& [name, text] : sources_.environment) {
      if (!name.starts_with(kHaPrefix)) continue;
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const auto near = nearest_name(name, known);
      warnings.push_back(fmt::format("{} is set, but Holdfast knows no such variable{}", name,
                                     near ? fmt::format("; did you mean {}?", *near) : ""));
    }
  }

  const SettingSources& sources_;
};

}  // namespace

const SettingValue& Settings::value(SettingId id) const {
  return values_[static_cast<std::size_t>(id)];
}

std::int64_t Settings::integer(SettingId id) const {
  const std::string& digits = text(id);
  std::int64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, code] = std::from_chars(digits.data(), end, number);
  CHECK(code == std::errc() && stop == end);
  return number;
}

bool Settings::boolean(SettingId id) const {
  CHECK(setting_of(id).type == SettingType::boolean);
  return text(id) == "true";
}

Result<Settings> resolve_settings(const SettingSources& sources) {
  Resolver resolver(sources);
  resolver.run();
  if (!resolver.errors.empty()) {
    return Error{ErrorKind::invalid_input, fmt::format("{}", fmt::join(resolver.errors, "\n"))};
  }
  Settings settings;
  settings.values_ = std::move(resolver.values);
  settings.warnings_ = std::move(resolver.warnings);
  return settings;
}

std::string missing_setting(SettingId id) {
  const Setting& setting = setting_of(id);
  return fmt::format("missing: {} (or {} in the environment, or {} in the file of --config)",
                     setting.flag, setting.environment, setting.toml_key);
}

}  // namespace holdfast::cli
