#include "telemetry/metrics.h"

#include <gtest/gtest.h>

#include "telemetry/build_info.h"
#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, names_every_metric_of_the_catalogue_even_before_it_counts) {
  Metrics metrics;
  const std::string text = metrics.exposition();
  for (const MetricSpec* spec : kMetricCatalogue) {
    EXPECT_TRUE(has_line(text, "# HELP " + std::string(spec->name) + " " + std::string(spec->help)))
        << spec->name;
    EXPECT_TRUE(has_line(
        text, "# TYPE " + std::string(spec->name) + " " + std::string(name_of(spec->type))))
        << spec->name;
  }
}

TEST(Metrics, gives_the_same_counter_for_the_same_labels) {
  Metrics metrics;
  Counter& counter = metrics.counter(metric::kLockWaits, {"ATTESTATION"});
  counter.add();
  counter.add(2);
  EXPECT_EQ(&metrics.counter(metric::kLockWaits, {"ATTESTATION"}), &counter);
  EXPECT_NE(&metrics.counter(metric::kLockWaits, {"TXS"}), &counter);
  EXPECT_TRUE(
      has_line(metrics.exposition(), "holdfast_lock_waits_total{duty_type=\"ATTESTATION\"} 3"));
}

TEST(Metrics, writes_unlabelled_and_several_labels) {
  Metrics metrics;
  metrics.counter(metric::kStuckDutiesDeleted).add(5);
  metrics.counter(metric::kDuties, {"TXS", "signed"}).add();
  metrics.gauge(metric::kUptimeSeconds).set(1.5);
  const std::string text = metrics.exposition();
  EXPECT_TRUE(has_line(text, "holdfast_stuck_duties_deleted_total 5"));
  EXPECT_TRUE(has_line(text, "holdfast_duties_total{duty_type=\"TXS\",outcome=\"signed\"} 1"));
  EXPECT_TRUE(has_line(text, "holdfast_uptime_seconds 1.5"));
}

TEST(Metrics, escapes_label_values) {
  Metrics metrics;
  metrics.counter(metric::kLockWaits, {"a\"b\\c\nd"}).add();
  EXPECT_TRUE(
      has_line(metrics.exposition(), "holdfast_lock_waits_total{duty_type=\"a\\\"b\\\\c\\nd\"} 1"));
}

TEST(Metrics, refreshes_before_each_exposition) {
  Metrics metrics;
  Gauge& gauge = metrics.gauge(metric::kStoreUp);
  int asked = 0;
  metrics.before_exposition([&] { gauge.set(++asked); });
  EXPECT_TRUE(has_line(metrics.exposition(), "holdfast_store_up 1"));
  EXPECT_TRUE(has_line(metrics.exposition(), "holdfast_store_up 2"));
}

TEST(Metrics, stops_the_process_when_a_metric_is_used_as_what_it_is_not) {
  Metrics metrics;
  EXPECT_DEATH(metrics.gauge(metric::kDuties, {"a", "b"}), "spec.type == type");
  EXPECT_DEATH(metrics.counter(metric::kDuties, {"a"}), "names.empty");
  EXPECT_DEATH(metrics.counter(metric::kLockWaits, {"a", "b"}), "names.empty");
  static constexpr MetricSpec kStranger{"stranger", MetricType::counter, "", "Not listed."};
  EXPECT_DEATH(metrics.counter(kStranger), "families_.end");
}

TEST(Counter, follows_a_total_upwards_only) {
  Counter counter;
  counter.follow(5);
  counter.follow(3);
  EXPECT_EQ(counter.value(), 5u);
  counter.follow(6);
  EXPECT_EQ(counter.value(), 6u);
}

TEST(Histogram, puts_a_bound_into_its_own_bucket) {
  Histogram histogram;
  histogram.observe(100us - 1ns);
  histogram.observe(100us);
  histogram.observe(100us + 1ns);
  histogram.observe(10s);
  histogram.observe(10s + 1ns);
  histogram.observe(-1ns);
  EXPECT_EQ(histogram.buckets().front(), 3u);
  EXPECT_EQ(histogram.buckets()[1], 1u);
  EXPECT_EQ(histogram.buckets()[Histogram::kBounds.size() - 1], 1u);
  EXPECT_EQ(histogram.buckets().back(), 1u);
  EXPECT_EQ(histogram.count(), 6u);
}

TEST(Histogram, is_shown_cumulative_and_in_seconds) {
  Metrics metrics;
  Histogram& histogram = metrics.histogram(metric::kSignStepSeconds, {"claim"});
  histogram.observe(100us);
  histogram.observe(2s);
  const std::string text = metrics.exposition();
  const std::string name = "holdfast_sign_step_seconds";
  EXPECT_TRUE(has_line(text, name + "_bucket{step=\"claim\",le=\"0.0001\"} 1")) << text;
  EXPECT_TRUE(has_line(text, name + "_bucket{step=\"claim\",le=\"1\"} 1"));
  EXPECT_TRUE(has_line(text, name + "_bucket{step=\"claim\",le=\"2.5\"} 2"));
  EXPECT_TRUE(has_line(text, name + "_bucket{step=\"claim\",le=\"+Inf\"} 2"));
  EXPECT_TRUE(has_line(text, name + "_sum{step=\"claim\"} 2.0001"));
  EXPECT_TRUE(has_line(text, name + "_count{step=\"claim\"} 2"));
}

TEST(BuildInfo, says_what_was_built) {
  EXPECT_EQ(std::count(build_version().begin(), build_version().end(), '.'), 2);
  EXPECT_FALSE(build_compiler().empty());
}

}  // namespace
}  // namespace holdfast
