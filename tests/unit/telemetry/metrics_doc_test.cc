// docs/METRICS.md and the catalogue are one list.
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

std::vector<std::string> documented_rows() {
  std::ifstream file(HOLDFAST_VECTORS "/../../docs/METRICS.md");
  EXPECT_TRUE(file) << "docs/METRICS.md cannot be read";
  std::vector<std::string> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("| `holdfast_", 0) == 0 && line.find("==") == std::string::npos) {
      rows.push_back(line);
    }
  }
  return rows;
}

std::string row_of(const MetricSpec& spec) {
  std::string labels = "-";
  if (!spec.labels.empty()) {
    labels = "`";
    for (const char letter : spec.labels) {
      if (letter == ',') {
        labels += "`, `";
      } else {
        labels += letter;
      }
    }
    labels += "`";
  }
  return "| `" + std::string(spec.name) + "` | " + std::string(name_of(spec.type)) + " | " +
         labels + " | " + std::string(spec.help) + " |";
}

TEST(MetricsDoc, has_the_same_metrics_as_the_catalogue) {
  std::vector<std::string> documented = documented_rows();
  std::vector<std::string> known;
  for (const MetricSpec* spec : kMetricCatalogue) known.push_back(row_of(*spec));
  std::sort(documented.begin(), documented.end());
  std::sort(known.begin(), known.end());
  EXPECT_EQ(documented, known);
}

TEST(MetricsDoc, names_follow_prometheus_rules) {
  for (const MetricSpec* spec : kMetricCatalogue) {
    EXPECT_EQ(spec->name.substr(0, 9), "holdfast_") << spec->name;
    const bool total =
        spec->name.size() > 6 && spec->name.substr(spec->name.size() - 6) == "_total";
    EXPECT_EQ(total, spec->type == MetricType::counter) << spec->name;
    EXPECT_EQ(spec->help.back(), '.') << spec->name;
  }
}

}  // namespace
}  // namespace holdfast
