// The settings file, flattened: every key with its dotted path, its text and its line.
// Thread rule: any thread; it blocks on the disk, so it belongs to the start.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holdfast::cli {

/** What a TOML value was written as. */
enum class TomlKind : std::uint8_t {
  /** A float, a date, or anything else that no setting is. */
  other = 0,
  text,
  integer,
  boolean,
  /** A list of texts only; its value is joined with commas. */
  text_list,
};

struct TomlEntry {
  /** "signing.polling_interval_ms". */
  std::string key;
  TomlKind kind = TomlKind::other;
  std::string value;
  std::uint32_t line = 0;
};

/** All entries of the TOML text, in the order of their lines. invalid_input begins with
    "PATH:LINE: ". */
Result<std::vector<TomlEntry>> parse_toml(std::string_view text, const std::string& path);

/** The same of a file of at most 1 MiB. The errors of read_file as well. */
Result<std::vector<TomlEntry>> read_toml_file(const std::string& path);

}  // namespace holdfast::cli
