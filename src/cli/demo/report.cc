#include "cli/demo/report.h"

#include <fmt/format.h>

#include "cli/demo/cluster.h"

namespace holdfast::cli::demo {
namespace {

std::vector<Cell> row_of(std::string name, const TypeReport& counts, std::size_t nodes) {
  const auto cell = [](std::size_t count) { return Cell(static_cast<std::int64_t>(count)); };
  std::vector<Cell> row = {std::move(name), cell(counts.due), cell(counts.signed_),
                           cell(counts.missed), cell(counts.double_signed)};
  for (std::size_t node = 0; node < nodes; ++node) {
    const auto found = counts.signed_by_node.find(node);
    row.push_back(cell(found == counts.signed_by_node.end() ? 0 : found->second));
  }
  return row;
}

}  // namespace

Table audit_table(const AuditReport& report, std::size_t nodes) {
  Table table{.columns = {"duty_type", "due", "signed", "missed", "double_signed"}, .rows = {}};
  for (std::size_t node = 0; node < nodes; ++node) table.columns.push_back(Cluster::name_of(node));
  for (const auto& [type, counts] : report.by_type) {
    table.rows.push_back(row_of(std::string(name_of(type)), counts, nodes));
  }
  table.rows.push_back(row_of("TOTAL", report.total, nodes));
  return table;
}

std::string audit_text(const AuditReport& report, std::size_t nodes) {
  std::string text = "\nThe audit, from every answer that any node gave:\n\n";
  text += render(audit_table(report, nodes), OutputFormat::table);
  text += "\nanswers without a signature:\n";
  for (const auto& [name, count] : report.refusals) {
    text += fmt::format("  {:>5} {}\n", count, name);
  }
  for (const DueDuty& duty : report.missed) {
    text += fmt::format("missed: {} of slot {}, validator {}\n", name_of(duty.type),
                        duty.slot.number(), duty.validator + 1);
  }
  text += fmt::format("longest time without a signature: {} ms, from {} ms on\n",
                      report.longest_gap.count(), report.longest_gap_at.count());
  text += fmt::format("slowest duty: {} ms from being due to its signature\n",
                      report.slowest_duty.count());
  text += fmt::format("signatures that do not verify: {}\n", report.invalid_signatures);
  text +=
      fmt::format("\n{} duties due, {} signed, {} missed, {} double-signed.\n", report.total.due,
                  report.total.signed_, report.total.missed, report.total.double_signed);
  return text;
}

}  // namespace holdfast::cli::demo
