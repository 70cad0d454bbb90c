// Counters, gauges and histograms, and their Prometheus text.
//
// Why not prometheus-cpp: every number here is written and read on the I/O thread, so its locks
// and label maps buy nothing; what is left of it is the text format, which is a page of code.
//
// Every metric is declared in telemetry/metric_catalogue.h and appears there, in docs/METRICS.md
// and in /metrics under the same name. Thread rule: the I/O thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace holdfast {

enum class MetricType : std::uint8_t { unknown = 0, counter, gauge, histogram };

/** "counter", "gauge", "histogram". */
std::string_view name_of(MetricType type) noexcept;

/** The declaration of a metric. Label names are separated by commas, in the order in which values
    are given; empty for none. */
struct MetricSpec {
  std::string_view name;
  MetricType type = MetricType::unknown;
  std::string_view labels;
  std::string_view help;
};

/** Only grows. */
class Counter {
 public:
  void add(std::uint64_t count = 1) noexcept { value_ += count; }
  /** Takes over a total that somebody else counts; a smaller one is ignored. */
  void follow(std::uint64_t total) noexcept {
    if (total > value_) value_ = total;
  }
  std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_ = 0;
};

class Gauge {
 public:
  void set(double value) noexcept { value_ = value; }
  double value() const noexcept { return value_; }

 private:
  double value_ = 0;
};

/** A distribution of durations, shown in seconds. */
class Histogram {
 public:
  static constexpr std::array<std::chrono::microseconds, 16> kBounds = {
      std::chrono::microseconds(100),     std::chrono::microseconds(250),
      std::chrono::microseconds(500),     std::chrono::microseconds(1000),
      std::chrono::microseconds(2500),    std::chrono::microseconds(5000),
      std::chrono::microseconds(10000),   std::chrono::microseconds(25000),
      std::chrono::microseconds(50000),   std::chrono::microseconds(100000),
      std::chrono::microseconds(250000),  std::chrono::microseconds(500000),
      std::chrono::microseconds(1000000), std::chrono::microseconds(2500000),
      std::chrono::microseconds(5000000), std::chrono::microseconds(10000000)};

  /** A duration that equals a bound belongs to that bound's bucket; a negative one counts as 0. */
  void observe(std::chrono::nanoseconds duration) noexcept;

  std::uint64_t count() const noexcept;
  std::chrono::nanoseconds sum() const noexcept { return sum_; }
  /** Not cumulative; the last is what lies above all bounds. */
  const std::array<std::uint64_t, kBounds.size() + 1>& buckets() const noexcept { return buckets_; }

 private:
  std::array<std::uint64_t, kBounds.size() + 1> buckets_{};
  std::chrono::nanoseconds sum_{0};
};

class Metrics {
 public:
  /** Knows every metric of the catalogue. */
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /** The metric with these label values, made at the first call. The reference stays good as long
      as this object; keep it instead of asking again. CHECKs the type, that the spec is in the
      catalogue and that there is a value for every label. */
  Counter& counter(const MetricSpec& spec, std::initializer_list<std::string_view> values = {});
  Gauge& gauge(const MetricSpec& spec, std::initializer_list<std::string_view> values = {});
  Histogram& histogram(const MetricSpec& spec, std::initializer_list<std::string_view> values = {});

  /** Called before every exposition, to bring gauges up to date. Must be cheap; what it refers to
      outlives this object's use. */
  void before_exposition(std::function<void()> refresh) {
    refreshes_.push_back(std::move(refresh));
  }

  /** Prometheus text format 0.0.4: all metrics in the order of the catalogue. */
  std::string exposition();

 private:
  using Metric = std::variant<Counter, Gauge, Histogram>;
  struct Family {
    const MetricSpec* spec = nullptr;
    /** By their rendered labels, `a="1",b="2"`. */
    std::map<std::string, Metric> metrics;
  };

  Metric& find(const MetricSpec& spec, MetricType type,
               std::initializer_list<std::string_view> values);

  std::vector<Family> families_;
  std::vector<std::function<void()>> refreshes_;
};

}  // namespace holdfast
