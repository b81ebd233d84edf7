#include "kafka/options.h"

#include <algorithm>
#include <array>

namespace mr::kafka {

namespace {

struct TopicNames {
  std::string_view ours;
  std::string_view theirs;
};
constexpr std::array topic_table = {
    TopicNames{"captured", "events_plugin_ingestion"},
    TopicNames{"captured.overflow", "events_plugin_ingestion_overflow"},
    TopicNames{"captured.historical", "events_plugin_ingestion_historical"},
    TopicNames{"captured.exceptions", "error_tracking_events"},
    TopicNames{"captured.heatmaps", "heatmaps_ingestion"},
    TopicNames{"captured.ai", "events_plugin_ingestion_ai"},
    TopicNames{"captured.warnings", "ingestion-clientwarnings-main-1"},
    TopicNames{"captured.replay", "session_recording_snapshot_item_events"},
    TopicNames{"events", "clickhouse_events_json"},
    TopicNames{"persons", "clickhouse_person"},
    TopicNames{"person_distinct_ids", "clickhouse_person_distinct_id"},
    TopicNames{"groups", "clickhouse_groups"},
    TopicNames{"session_replay_events", "clickhouse_session_replay_events"},
    TopicNames{"ingestion_warnings", "clickhouse_ingestion_warnings"},
    TopicNames{"dead_letters", "events_plugin_ingestion_dlq"},
    TopicNames{"app_metrics", "clickhouse_app_metrics2"},
    TopicNames{"log_entries", "log_entries"},
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

std::string_view default_topic_name(std::string_view topic) {
  const auto found = std::ranges::find(topic_table, topic, &TopicNames::ours);
  return found == topic_table.end() ? topic : found->theirs;
}

std::vector<std::string_view> known_topics() {
  std::vector<std::string_view> topics;
  for (const TopicNames& names : topic_table) topics.push_back(names.ours);
  return topics;
}

std::string topic_name(const Options& options, std::string_view topic) {
  const auto found = options.topic_names.find(topic);
  return options.topic_prefix + (found != options.topic_names.end()
                                     ? found->second
                                     : std::string(default_topic_name(topic)));
}

Result<std::vector<Property>> parse_pairs(std::string_view text) {
  const char separator = text.find('\n') != std::string_view::npos ? '\n' : ';';
  std::vector<Property> pairs;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    const std::string_view part = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    const std::string_view name = trimmed(part.substr(0, std::min(equals, part.size())));
    if (equals == std::string_view::npos || name.empty()) {
      // The value may be a secret: only what stands before it is shown.
      return fail(ErrorCode::invalid_input, "\"" + std::string(name) + "\" is not name=value");
    }
    pairs.emplace_back(name, trimmed(part.substr(equals + 1)));
  }
  return pairs;
}

}  // namespace mr::kafka
