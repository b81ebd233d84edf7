#include "capture/metrics_page.h"

#include "capture/limits.h"
#include "http/client.h"
#include "telemetry/exposition.h"
#include "telemetry/process_status.h"

namespace mr::capture {
namespace {

http::Response page(std::string body) {
  http::Response response(200);
  response.add_header("content-type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = std::move(body);
  return response;
}

}  // namespace

MetricsPage::MetricsPage(io::World world, telemetry::Metrics& metrics, std::string own_name,
                         std::vector<Process> others)
    : world_(world), metrics_(metrics), own_name_(std::move(own_name)), others_(std::move(others)) {
}

std::string MetricsPage::render_own() {
  telemetry::publish_process_status(metrics_, own_name_);
  return metrics_.render();
}

http::Response MetricsPage::own() {
  return page(render_own());
}

io::Task<http::Response> MetricsPage::all() {
  std::vector<std::string> texts;
  for (const Process& process : others_) {
    const Instant deadline = world_.clock.now() + metrics_timeout;
    http::ClientRequest request;
    request.target = "/metrics";
    auto answer = co_await http::fetch(world_.network, process.socket, std::move(request), deadline,
                                       metrics_bytes_max);
    const bool up = answer && answer->status == 200;
    metrics_
        .gauge("millrace_process_up", "Whether the process answered when asked for its metrics.",
               {{"process", process.name}})
        .set(up ? 1 : 0);
    if (up) texts.push_back(std::move(answer->body));
  }
  texts.insert(texts.begin(), render_own());
  co_return page(telemetry::merge_expositions(texts));
}

}  // namespace mr::capture
