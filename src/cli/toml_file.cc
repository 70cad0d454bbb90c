#include "cli/toml_file.h"

#include <algorithm>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "os/file.h"

namespace holdfast::cli {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;

TomlEntry entry_of(std::string key, const toml::node& node) {
  TomlEntry entry{std::move(key), TomlKind::other, "", node.source().begin.line};
  if (const auto* text = node.as_string()) {
    entry.kind = TomlKind::text;
    entry.value = text->get();
  } else if (const auto* number = node.as_integer()) {
    entry.kind = TomlKind::integer;
    entry.value = fmt::format("{}", number->get());
  } else if (const auto* boolean = node.as_boolean()) {
    entry.kind = TomlKind::boolean;
    entry.value = boolean->get() ? "true" : "false";
  } else if (const auto* list = node.as_array()) {
    const bool only_texts = std::all_of(list->begin(), list->end(),
                                        [](const toml::node& item) { return item.is_string(); });
    if (!only_texts) return entry;
    entry.kind = TomlKind::text_list;
    for (const toml::node& item : *list) {
      if (!entry.value.empty()) entry.value += ',';
      entry.value += item.as_string()->get();
    }
  }
  return entry;
}

// The nesting is bounded by the parser itself, which refuses more than 256 levels.
void flatten(const toml::table& table, const std::string& prefix, std::vector<TomlEntry>& out) {
  for (const auto& [key, node] : table) {
    std::string path =
        prefix.empty() ? std::string(key.str()) : fmt::format("{}.{}", prefix, key.str());
    if (const auto* inner = node.as_table()) {
      flatten(*inner, path, out);
    } else {
      out.push_back(entry_of(std::move(path), node));
    }
  }
}

}  // namespace

Result<std::vector<TomlEntry>> parse_toml(std::string_view text, const std::string& path) {
  try {
    const toml::table table = toml::parse(text);
    std::vector<TomlEntry> entries;
    flatten(table, "", entries);
    std::stable_sort(entries.begin(), entries.end(),
                     [](const TomlEntry& a, const TomlEntry& b) { return a.line < b.line; });
    return entries;
  } catch (const toml::parse_error& error) {
    return Error{
        ErrorKind::invalid_input,
        fmt::format("{}:{}: not TOML: {}", path, error.source().begin.line, error.description())};
  }
}

Result<std::vector<TomlEntry>> read_toml_file(const std::string& path) {
  Result<std::string> text = read_file(path, kFileBytesMax);
  if (!text) return std::move(text).error();
  return parse_toml(*text, path);
}

}  // namespace holdfast::cli
