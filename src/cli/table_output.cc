#include "cli/table_output.h"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace holdfast::cli {
namespace {

std::string plain_text(const Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  return {};
}

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

std::string as_table(const Table& table) {
  std::vector<std::size_t> widths;
  for (const std::string& column : table.columns) widths.push_back(column.size());
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], plain_text(row[i]).size());
    }
  }
  std::string out;
  const auto end_line = [&out] {
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  };
  for (std::size_t i = 0; i < widths.size(); ++i) {
    out += fmt::format("{:<{}}  ", table.columns[i], widths[i]);
  }
  end_line();
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string text = printable(plain_text(row[i]));
      const bool is_number = std::holds_alternative<std::int64_t>(row[i]);
      out += is_number ? fmt::format("{:>{}}  ", text, widths[i])
                       : fmt::format("{:<{}}  ", text, widths[i]);
    }
    end_line();
  }
  return out;
}

std::string as_json(const Table& table) {
  boost::json::array rows;
  for (const auto& row : table.rows) {
    boost::json::object object;
    for (std::size_t i = 0; i < row.size(); ++i) {
      boost::json::value& value = object[table.columns[i]];
      if (const auto* number = std::get_if<std::int64_t>(&row[i])) {
        value = *number;
      } else if (const auto* text = std::get_if<std::string>(&row[i])) {
        value = *text;
      }
    }
    rows.push_back(std::move(object));
  }
  return boost::json::serialize(rows) + "\n";
}

std::string csv_cell(const Cell& cell) {
  std::string text = plain_text(cell);
  const bool is_text = std::holds_alternative<std::string>(cell);
  if (is_text && !text.empty() && std::string_view("=+-@").find(text[0]) != std::string::npos) {
    text.insert(text.begin(), '\'');
  }
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string as_csv(const Table& table) {
  std::string out = fmt::format("{}\r\n", fmt::join(table.columns, ","));
  for (const auto& row : table.rows) {
    std::vector<std::string> cells;
    for (const Cell& cell : row) cells.push_back(csv_cell(cell));
    out += fmt::format("{}\r\n", fmt::join(cells, ","));
  }
  return out;
}

}  // namespace

Result<OutputFormat> output_format_of(const std::string* text) {
  if (text == nullptr || *text == "table") return OutputFormat::table;
  if (*text == "json") return OutputFormat::json;
  if (*text == "csv") return OutputFormat::csv;
  return Error{ErrorKind::invalid_input, "--output is table, json or csv"};
}

std::string render(const Table& table, OutputFormat format) {
  for (const auto& row : table.rows) CHECK(row.size() == table.columns.size());
  switch (format) {
    case OutputFormat::table:
      return as_table(table);
    case OutputFormat::json:
      return as_json(table);
    case OutputFormat::csv:
      return as_csv(table);
  }
  return {};
}

}  // namespace holdfast::cli
