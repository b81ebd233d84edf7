#include "ingest/replay_summary.h"

#include <algorithm>
#include <optional>

#include "codec/json_object.h"
#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/timestamp.h"

namespace mr::ingest {
namespace {

// rrweb's numbers.
constexpr int64_t incremental_event = 3;
constexpr int64_t meta_event = 4;
constexpr int64_t custom_event = 5;
constexpr int64_t plugin_event = 6;

constexpr int64_t source_mouse_move = 1;
constexpr int64_t source_mouse_interaction = 2;
constexpr int64_t source_scroll = 3;
constexpr int64_t source_viewport = 4;
constexpr int64_t source_input = 5;
constexpr int64_t source_touch_move = 6;
constexpr int64_t source_media = 7;
constexpr int64_t source_drag = 12;

constexpr int64_t interaction_click = 2;
constexpr int64_t interaction_touch_end = 9;

constexpr std::string_view console_plugin = "rrweb/console@1";

// The fields of a snapshot that are counted; raw, empty when absent.
struct Snapshot {
  int64_t type = -1;
  std::optional<double> timestamp;
  int64_t source = -1;
  int64_t interaction = -1;
  std::string_view href;
  std::string_view plugin;
  std::string_view payload;
};

int64_t number_or_none(std::string_view raw) {
  return json::as_int64(raw).value_or(-1);
}

void read_data(json::Reader& reader, Snapshot& snapshot) {
  std::string_view key;
  reader.enter_object();
  while (reader.next_member(key)) {
    // Only the value that follows may be read, and the key's view ends with it.
    const bool is_source = key == "source";
    const bool is_type = key == "type";
    const bool is_href = key == "href";
    const bool is_plugin = key == "plugin";
    const bool is_payload = key == "payload";
    const std::string_view value = reader.value();
    if (is_source) snapshot.source = number_or_none(value);
    if (is_type) snapshot.interaction = number_or_none(value);
    if (is_href) snapshot.href = value;
    if (is_plugin) snapshot.plugin = value;
    if (is_payload) snapshot.payload = value;
  }
}

Snapshot read_snapshot(std::string_view raw) {
  Snapshot snapshot;
  json::Reader reader(raw);
  std::string_view key;
  reader.enter_object();
  while (reader.next_member(key)) {
    if (key == "type") {
      snapshot.type = number_or_none(reader.value());
    } else if (key == "timestamp") {
      snapshot.timestamp = json::as_double(reader.value());
    } else if (key == "data" && reader.peek() == json::Kind::object) {
      // Data that the client has packed is a string, and of no kind that is counted.
      read_data(reader, snapshot);
    } else {
      reader.value();
    }
  }
  return snapshot;
}

bool is_mouse(int64_t source) {
  return source == source_mouse_move || source == source_mouse_interaction ||
         source == source_touch_move || source == source_drag;
}

bool is_activity(const Snapshot& snapshot) {
  return snapshot.type == incremental_event &&
         (is_mouse(snapshot.source) || snapshot.source == source_scroll ||
          snapshot.source == source_viewport || snapshot.source == source_input ||
          snapshot.source == source_media);
}

// Gathers the snapshots of one request.
class Summariser {
 public:
  Summariser(bool is_mobile, WallTime arrival) : is_mobile_(is_mobile), arrival_(arrival) {}

  void add(std::string_view raw) {
    summary_.bytes += static_cast<int64_t>(raw.size());
    ++summary_.events;
    const Snapshot snapshot = read_snapshot(raw);
    const auto time = time_of(snapshot);
    if (time) add_time(*time);
    if (snapshot.type == incremental_event) count_interaction(snapshot);
    if (snapshot.type == meta_event) add_url(snapshot.href);
    if (snapshot.type == custom_event) add_url(json::member_of(snapshot.payload, "href"));
    if (snapshot.type == plugin_event) count_console(snapshot);
    if (time && is_activity(snapshot)) add_activity(*time);
  }

  ReplaySummary finish(WallTime fallback) {
    summary_.first = first_.value_or(fallback);
    summary_.last = last_.value_or(fallback);
    return std::move(summary_);
  }

 private:
  std::optional<WallTime> time_of(const Snapshot& snapshot) const {
    const double millis = snapshot.timestamp.value_or(0);
    const auto earliest = static_cast<double>((arrival_ - replay_time_off_max).millis);
    const auto latest = static_cast<double>((arrival_ + replay_time_off_max).millis);
    if (!(millis > 0 && millis > earliest && millis < latest)) return std::nullopt;
    return WallTime{static_cast<int64_t>(millis)};
  }

  void add_time(WallTime time) {
    first_ = std::min(first_.value_or(time), time);
    last_ = std::max(last_.value_or(time), time);
  }

  void add_activity(WallTime time) {
    if (last_activity_ && time > *last_activity_) {
      const int64_t pause = time.millis - last_activity_->millis;
      if (pause <= replay_pause_max.count) summary_.active_millis += pause;
    }
    last_activity_ = std::max(last_activity_.value_or(time), time);
  }

  void count_interaction(const Snapshot& snapshot) {
    const int64_t click = is_mobile_ ? interaction_touch_end : interaction_click;
    if (snapshot.source == source_mouse_interaction && snapshot.interaction == click) {
      ++summary_.clicks;
    }
    if (snapshot.source == source_input) ++summary_.key_presses;
    if (is_mouse(snapshot.source)) ++summary_.mouse_activities;
  }

  void count_console(const Snapshot& snapshot) {
    std::string scratch;
    if (json::text_of(snapshot.plugin, scratch) != console_plugin) return;
    const std::string_view level =
        json::text_of(json::member_of(snapshot.payload, "level"), scratch);
    if (level == "error" || level == "assert") {
      ++summary_.console_errors;
    } else if (level == "warn") {
      ++summary_.console_warnings;
    } else {
      ++summary_.console_logs;
    }
  }

  void add_url(std::string_view raw) {
    std::string scratch;
    const std::string_view text = json::text_of(raw, scratch);
    if (text.empty() || summary_.urls.size() == replay_urls_max) return;
    std::string url(codec::cut_code_points(text, replay_url_characters_max));
    if (std::ranges::find(summary_.urls, url) == summary_.urls.end()) {
      summary_.urls.push_back(std::move(url));
    }
  }

  ReplaySummary summary_;
  const bool is_mobile_;
  const WallTime arrival_;
  std::optional<WallTime> first_;
  std::optional<WallTime> last_;
  std::optional<WallTime> last_activity_;
};

std::string urls_json(const std::vector<std::string>& urls) {
  std::string array = "[";
  for (const std::string& url : urls) {
    if (array.size() > 1) array += ',';
    json::append_quoted(array, url);
  }
  return array + "]";
}

std::string name(std::string_view text) {
  return std::string(codec::cut_code_points(text, replay_name_characters_max));
}

}  // namespace

ReplaySummary summarise_replay(std::span<const std::string_view> snapshots, bool is_mobile,
                               WallTime arrival, WallTime fallback) {
  Summariser summariser(is_mobile, arrival);
  for (const std::string_view snapshot : snapshots) summariser.add(snapshot);
  return summariser.finish(fallback);
}

std::string replay_block_url(std::string_view topic, int32_t partition, Offset offset) {
  return "log://" + std::string(topic) + "/" + std::to_string(partition) + "/" +
         std::to_string(offset.value);
}

std::string replay_row_json(const event::Envelope& envelope, const event::RecordingContext& context,
                            const ReplaySummary& summary, ProjectId project,
                            std::string_view block_url) {
  json::Object row;
  const auto number = [&](std::string_view column, int64_t value) {
    row.set(column, std::to_string(value));
  };
  row.set_text("uuid", codec::to_string(envelope.uuid));
  row.set_text("session_id", context.session_id);
  number("team_id", project.value);
  row.set_text("distinct_id", envelope.distinct_id);
  row.set_text("first_timestamp", event::format_row_millis(summary.first));
  row.set_text("last_timestamp", event::format_row_millis(summary.last));
  row.set_text("block_url", block_url);
  if (!summary.urls.empty()) row.set_text("first_url", summary.urls.front());
  row.set("urls", urls_json(summary.urls));
  number("click_count", summary.clicks);
  number("keypress_count", summary.key_presses);
  number("mouse_activity_count", summary.mouse_activities);
  number("active_milliseconds", summary.active_millis);
  number("console_log_count", summary.console_logs);
  number("console_warn_count", summary.console_warnings);
  number("console_error_count", summary.console_errors);
  number("size", summary.bytes);
  number("event_count", summary.events);
  number("message_count", 1);
  row.set_text("snapshot_source", name(context.snapshot_source));
  row.set_text("snapshot_library", name(context.lib));
  return row.to_json();
}

}  // namespace mr::ingest
