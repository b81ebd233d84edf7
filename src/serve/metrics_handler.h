#pragma once

#include <string>

#include "http/response.h"
#include "telemetry/metrics.h"

namespace mr::serve {

// Answers GET /metrics of one process in Prometheus' text format.
class MetricsHandler final : public http::Handler {
 public:
  // `process` labels the figures of the process itself (memory, CPU).
  MetricsHandler(telemetry::Metrics& metrics, std::string process)
      : metrics_(metrics), process_(std::move(process)) {}

  size_t body_bytes_max(const http::RequestHead&) const override { return 0; }
  io::Task<http::Response> handle(http::Request request) override;

 private:
  telemetry::Metrics& metrics_;
  std::string process_;
};

// One line of such a text: `name{label="value",…} number`.
struct MetricSample {
  std::string name;
  std::string labels;  // between the braces
  double value = 0;

  // The value of a label, or "".
  std::string label(std::string_view label_name) const;
};

// The samples of a metrics text whose name is `name`.
std::vector<MetricSample> find_samples(std::string_view metrics_text, std::string_view name);

}  // namespace mr::serve
