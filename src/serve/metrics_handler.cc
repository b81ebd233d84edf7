#include "serve/metrics_handler.h"

#include <algorithm>
#include <charconv>

#include "telemetry/process_status.h"

namespace mr::serve {

io::Task<http::Response> MetricsHandler::handle(http::Request) {
  telemetry::publish_process_status(metrics_, process_);
  http::Response response(200);
  response.add_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = metrics_.render();
  co_return response;
}

std::string MetricSample::label(std::string_view label_name) const {
  const std::string start = std::string(label_name) + "=\"";
  size_t at = labels.find(start);
  // The name must begin a label, not end a longer one.
  while (at != std::string::npos && at != 0 && labels[at - 1] != ',') {
    at = labels.find(start, at + 1);
  }
  if (at == std::string::npos) return {};
  at += start.size();
  return labels.substr(at, labels.find('"', at) - at);
}

std::vector<MetricSample> find_samples(std::string_view text, std::string_view name) {
  std::vector<MetricSample> samples;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    MetricSample sample{.name = std::string(name), .labels = {}};
    if (line.starts_with('{')) {
      const size_t close = line.rfind('}');
      if (close == std::string_view::npos) continue;
      sample.labels = line.substr(1, close - 1);
      line.remove_prefix(close + 1);
    }
    if (!line.starts_with(' ')) continue;
    line.remove_prefix(1);
    std::from_chars(line.data(), line.data() + line.size(), sample.value);
    samples.push_back(std::move(sample));
  }
  return samples;
}

}  // namespace mr::serve
