// Lists for people and for programs: one table as aligned text, JSON or CSV.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace holdfast::cli {

enum class OutputFormat : std::uint8_t { table = 0, json, csv };

/** "table", "json", "csv"; nullptr (not given) is a table. */
Result<OutputFormat> output_format_of(const std::string* text);

/** A number keeps its type in JSON; monostate is null in JSON and empty elsewhere. */
using Cell = std::variant<std::monostate, std::int64_t, std::string>;

struct Table {
  /** snake_case: the JSON keys and the CSV header. */
  std::vector<std::string> columns;
  /** As many cells as columns (CHECK when rendered). */
  std::vector<std::vector<Cell>> rows;
};

/** The text with a line end at its end. JSON is a list of objects, CSV is RFC 4180 with a header,
    whose cells that a spreadsheet would take for a formula get a leading apostrophe. Control
    characters never reach a terminal. */
std::string render(const Table& table, OutputFormat format);

}  // namespace holdfast::cli
