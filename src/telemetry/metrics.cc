#include "telemetry/metrics.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/check.h"
#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

void append_escaped(std::string& out, std::string_view value) {
  for (const char letter : value) {
    if (letter == '\\' || letter == '"') {
      out += '\\';
      out += letter;
    } else if (letter == '\n') {
      out += "\\n";
    } else {
      out += letter;
    }
  }
}

/** `a="1",b="2"`; CHECKs that there is one value for each name. */
std::string render_labels(std::string_view names, std::initializer_list<std::string_view> values) {
  std::string text;
  for (const std::string_view value : values) {
    CHECK(!names.empty());
    const std::size_t comma = std::min(names.find(','), names.size());
    if (!text.empty()) text += ',';
    text += names.substr(0, comma);
    text += "=\"";
    append_escaped(text, value);
    text += '"';
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  CHECK(names.empty());
  return text;
}

void append_sample(std::string& out, std::string_view name, std::string_view suffix,
                   std::string_view labels, std::string_view value) {
  out += name;
  out += suffix;
  if (!labels.empty()) fmt::format_to(std::back_inserter(out), "{{{}}}", labels);
  out += ' ';
  out += value;
  out += '\n';
}

void append_histogram(std::string& out, std::string_view name, const std::string& labels,
                      const Histogram& histogram) {
  const std::string prefix = labels.empty() ? "" : labels + ",";
  std::uint64_t cumulative = 0;
  for (std::size_t at = 0; at < Histogram::kBounds.size(); ++at) {
    cumulative += histogram.buckets()[at];
    append_sample(out, name, "_bucket",
                  fmt::format("{}le=\"{}\"", prefix, seconds(Histogram::kBounds[at])),
                  fmt::format("{}", cumulative));
  }
  const std::string count = fmt::format("{}", histogram.count());
  append_sample(out, name, "_bucket", prefix + "le=\"+Inf\"", count);
  append_sample(out, name, "_sum", labels, fmt::format("{}", seconds(histogram.sum())));
  append_sample(out, name, "_count", labels, count);
}

}  // namespace

std::string_view name_of(MetricType type) noexcept {
  switch (type) {
    case MetricType::unknown:
      return "untyped";
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::histogram:
      return "histogram";
  }
  return "untyped";
}

void Histogram::observe(std::chrono::nanoseconds duration) noexcept {
  const std::chrono::nanoseconds at_least_zero = std::max(duration, std::chrono::nanoseconds(0));
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), at_least_zero);
  ++buckets_[static_cast<std::size_t>(bound - kBounds.begin())];
  sum_ += at_least_zero;
}

std::uint64_t Histogram::count() const noexcept {
  std::uint64_t count = 0;
  for (const std::uint64_t bucket : buckets_) count += bucket;
  return count;
}

Metrics::Metrics() {
  families_.reserve(kMetricCatalogue.size());
  for (const MetricSpec* spec : kMetricCatalogue) families_.push_back({spec, {}});
}

Metrics::Metric& Metrics::find(const MetricSpec& spec, MetricType type,
                               std::initializer_list<std::string_view> values) {
  CHECK(spec.type == type);
  const auto family = std::find_if(families_.begin(), families_.end(), [&](const Family& known) {
    return known.spec->name == spec.name;
  });
  CHECK(family != families_.end());
  std::string labels = render_labels(spec.labels, values);
  const auto known = family->metrics.find(labels);
  if (known != family->metrics.end()) return known->second;
  Metric fresh = Counter{};
  if (type == MetricType::gauge) fresh = Gauge{};
  if (type == MetricType::histogram) fresh = Histogram{};
  return family->metrics.emplace(std::move(labels), fresh).first->second;
}

Counter& Metrics::counter(const MetricSpec& spec, std::initializer_list<std::string_view> values) {
  return std::get<Counter>(find(spec, MetricType::counter, values));
}

Gauge& Metrics::gauge(const MetricSpec& spec, std::initializer_list<std::string_view> values) {
  return std::get<Gauge>(find(spec, MetricType::gauge, values));
}

Histogram& Metrics::histogram(const MetricSpec& spec,
                              std::initializer_list<std::string_view> values) {
  return std::get<Histogram>(find(spec, MetricType::histogram, values));
}

std::string Metrics::exposition() {
  for (const std::function<void()>& refresh : refreshes_) refresh();
  std::string out;
  out.reserve(16384);
  for (const Family& family : families_) {
    const MetricSpec& spec = *family.spec;
    fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", spec.name, spec.help,
                   spec.name, name_of(spec.type));
    for (const auto& [labels, metric] : family.metrics) {
      if (const auto* counter = std::get_if<Counter>(&metric)) {
        append_sample(out, spec.name, "", labels, fmt::format("{}", counter->value()));
      } else if (const auto* gauge = std::get_if<Gauge>(&metric)) {
        append_sample(out, spec.name, "", labels, fmt::format("{}", gauge->value()));
      } else {
        append_histogram(out, spec.name, labels, std::get<Histogram>(metric));
      }
    }
  }
  return out;
}

}  // namespace holdfast
