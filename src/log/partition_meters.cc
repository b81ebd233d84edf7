#include "log/partition_meters.h"

#include <algorithm>

namespace mr::log {

PartitionMeters::PartitionMeters(telemetry::Metrics* metrics, const std::string& folder) {
  if (metrics == nullptr) return;
  using Status = stream::AppenderStatus;
  const size_t number = folder.rfind('/') + 1;
  const size_t topic = number < 2 ? 0 : folder.rfind('/', number - 2) + 1;
  const std::string topic_name = folder.substr(topic, number - 1 - std::min(number - 1, topic));
  const telemetry::Label of_topic{"topic", topic_name};
  const telemetry::Label of_partition{"partition", std::string_view(folder).substr(number)};
  const auto add = [&](const char* name, const char* help, uint64_t Status::* field) {
    series_.push_back({&metrics->counter(name, help, {of_topic, of_partition}), field});
  };
  const auto add_refused = [&](const char* reason, uint64_t Status::* field) {
    series_.push_back(
        {&metrics->counter("millrace_log_refused_total", "Appends that the log refused, by reason.",
                           {of_topic, of_partition, {"reason", reason}}),
         field});
  };
  add("millrace_log_records_total", "Records that the log acknowledged.", &Status::records);
  add("millrace_log_payload_bytes_total", "Their keys, values and headers.",
      &Status::payload_bytes);
  add("millrace_log_written_bytes_total", "Bytes written for them.", &Status::written_bytes);
  add("millrace_log_commits_total", "Commits.", &Status::commits);
  add("millrace_log_recoveries_total", "Recoveries after a write or sync that failed.",
      &Status::recoveries);
  add("millrace_log_failed_appends_total", "Appends whose outcome is unknown.", &Status::failed);
  add("millrace_log_lost_records_total",
      "Records that were answered before their sync, which then failed.", &Status::lost_records);
  add("millrace_log_removed_segments_total", "Segments removed by retention or on request.",
      &Status::removed_segments);
  add("millrace_log_recycled_segments_total", "Of these: files that were used again.",
      &Status::recycled_segments);
  add("millrace_log_overridden_segments_total",
      "Of these: segments that a registered consumer had not finished.",
      &Status::overridden_segments);
  add_refused("busy", &Status::refused_busy);
  add_refused("no_space", &Status::refused_no_space);
  add_refused("too_large", &Status::refused_too_large);
  held_ = &metrics->gauge("millrace_log_held_segments",
                          "Segments beyond retention that a consumer still needs.",
                          {of_topic, of_partition});
  failing_ = &metrics->gauge("millrace_log_failing",
                             "1 while the log refuses for lack of space or after a failed write.",
                             {of_topic, of_partition});
}

void PartitionMeters::show(const stream::AppenderStatus& status) {
  for (const Series& series : series_) {
    series.counter->add(status.*series.field - shown_.*series.field);
  }
  if (held_ != nullptr) held_->set(static_cast<int64_t>(status.held_segments));
  if (failing_ != nullptr) failing_->set(status.space_low || !status.failure.empty() ? 1 : 0);
  shown_ = status;
}

}  // namespace mr::log
