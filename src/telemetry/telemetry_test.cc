#include <gtest/gtest.h>

#include "telemetry/exposition.h"
#include "telemetry/log_line.h"
#include "telemetry/metrics.h"
#include "telemetry/process_status.h"

namespace mr::telemetry {
namespace {

TEST(Metrics, ASeriesIsRegisteredOnceAndRendered) {
  Metrics metrics;
  Counter& first = metrics.counter("millrace_test_total", "Tests.", {{"reason", "a\"b"}});
  first.add();
  metrics.counter("millrace_test_total", "Tests.", {{"reason", "a\"b"}}).add(2);
  metrics.gauge("millrace_level", "A level.").set(-4);
  EXPECT_EQ(first.value(), 3u);
  EXPECT_EQ(metrics.value("millrace_test_total", {{"reason", "a\"b"}}), 3);
  EXPECT_EQ(metrics.render(),
            "# HELP millrace_test_total Tests.\n"
            "# TYPE millrace_test_total counter\n"
            "millrace_test_total{reason=\"a\\\"b\"} 3\n"
            "# HELP millrace_level A level.\n"
            "# TYPE millrace_level gauge\n"
            "millrace_level -4\n");
}

TEST(Metrics, AHistogramIsCumulative) {
  Metrics metrics;
  const double bounds[] = {1, 10};
  Histogram& histogram = metrics.histogram("millrace_size", "Sizes.", bounds, {{"kind", "x"}});
  histogram.observe(0.5);
  histogram.observe(1);
  histogram.observe(5);
  histogram.observe(50);
  EXPECT_EQ(histogram.count(), 4u);
  EXPECT_EQ(metrics.render(),
            "# HELP millrace_size Sizes.\n"
            "# TYPE millrace_size histogram\n"
            "millrace_size_bucket{kind=\"x\",le=\"1\"} 2\n"
            "millrace_size_bucket{kind=\"x\",le=\"10\"} 3\n"
            "millrace_size_bucket{kind=\"x\",le=\"+Inf\"} 4\n"
            "millrace_size_sum{kind=\"x\"} 56.5\n"
            "millrace_size_count{kind=\"x\"} 4\n");
}

TEST(Metrics, TooManySeriesAreCountedTogether) {
  Metrics metrics;
  for (size_t i = 0; i < series_per_name_max + 10; ++i) {
    metrics.counter("millrace_many_total", "Many.", {{"id", std::to_string(i)}}).add();
  }
  EXPECT_EQ(metrics.value("millrace_many_total", {{"id", "other"}}), 10);
}

TEST(Exposition, SamplesOfOneNameStandTogether) {
  const std::string texts[] = {
      "# HELP a A.\n# TYPE a counter\na{p=\"1\"} 1\n# HELP b B.\n# TYPE b gauge\nb 2\n",
      "# HELP a A.\n# TYPE a counter\na{p=\"2\"} 3\n"};
  EXPECT_EQ(merge_expositions(texts),
            "# HELP a A.\n# TYPE a counter\na{p=\"1\"} 1\na{p=\"2\"} 3\n"
            "# HELP b B.\n# TYPE b gauge\nb 2\n");
  const std::string odd[] = {"stray 1\n\n# note\n"};
  EXPECT_EQ(merge_expositions(odd), "");
}

TEST(Logger, TextAndJsonCarryTheSameFields) {
  EXPECT_EQ(render_fields(LogFormat::text, "segment sealed",
                          {{"topic", "a b"}, {"bytes", 7}, {"last", true}, {"name", "x"}}),
            "segment sealed topic=\"a b\" bytes=7 last=true name=x");
  EXPECT_EQ(render_fields(LogFormat::json, "it \"broke\"", {{"error", "a\nb"}, {"ratio", 0.5}}),
            "\"message\":\"it \\\"broke\\\"\",\"error\":\"a\\u000ab\",\"ratio\":0.5");
}

TEST(Logger, MemoryKeepsLinesAndWordsAreParsed) {
  const auto logger = Logger::to_memory();
  logger->warning("disk is slow", {{"millis", 12}});
  EXPECT_EQ(logger->kept(), "disk is slow millis=12\n");
  EXPECT_EQ(parse_severity("warning"), Severity::warning);
  EXPECT_FALSE(parse_severity("loud"));
  EXPECT_EQ(parse_log_format("json"), LogFormat::json);
}

TEST(Logger, StderrLinesHaveTimeLevelAndProcess) {
  testing::internal::CaptureStderr();
  Logger::to_stderr("accept", LogFormat::json, Severity::info)->info("ready", {{"port", 8000}});
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(line.starts_with("{\"time\":\"20")) << line;
  EXPECT_TRUE(
      line.ends_with("\"level\":\"info\",\"process\":\"accept\",\"message\":\"ready\","
                     "\"port\":8000}\n"))
      << line;
}

TEST(ProcessStatus, SeesThisProcess) {
  const ProcessStatus status = read_process_status();
  EXPECT_GT(status.resident_bytes, 1u << 20);
  EXPECT_GT(status.open_files, 0u);
}

}  // namespace
}  // namespace mr::telemetry
