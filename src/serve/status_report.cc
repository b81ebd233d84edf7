#include "serve/status_report.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "codec/json_object.h"
#include "codec/json_text.h"
#include "event/lane.h"
#include "http/client.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/worker.h"
#include "io/world.h"
#include "serve/metrics_handler.h"

namespace mr::serve {

namespace {

constexpr Millis process_patience{500};
constexpr uint64_t processes_bytes_max = 64 * 1024;
constexpr std::string_view events_topic = "events";
constexpr std::string_view recordings_topic = "captured.replay";
// Before the names of counters about recordings.
constexpr std::string_view recording_counter = "replay_";

uint64_t folder_bytes(const std::string& folder) {
  namespace fs = std::filesystem;
  uint64_t bytes = 0;
  std::error_code error;
  // Files come and go while we look; what has gone counts nothing.
  for (auto at = fs::recursive_directory_iterator(
           folder, fs::directory_options::skip_permission_denied, error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code gone;
    if (at->is_regular_file(gone)) {
      const uint64_t size = at->file_size(gone);
      if (!gone) bytes += size;
    }
  }
  return bytes;
}

void set_number(json::Object& object, std::string_view key, int64_t number) {
  object.set(key, std::to_string(number));
}

io::Task<std::string> process_metrics(io::World& world, io::Address socket) {
  const Instant deadline = world.clock.now() + process_patience;
  auto answer = co_await http::fetch(world.network, socket, {.target = "/metrics"}, deadline);
  co_return answer && answer->status == 200 ? std::move(answer->body) : std::string();
}

// The supervisor's list, with each process's memory put in.
std::string processes_json(std::string_view list,
                           const std::map<std::string, std::string>& metrics) {
  const auto items = json::split_array(list);
  if (!items) return "[]";
  std::string out = "[";
  for (const std::string_view item : *items) {
    auto process = json::Object::parse(item);
    if (!process) continue;
    const auto text = metrics.find(process->find_text("name").value_or(""));
    if (text != metrics.end()) {
      for (const auto& sample : find_samples(text->second, "millrace_process_resident_bytes")) {
        set_number(*process, "resident_bytes", static_cast<int64_t>(sample.value));
      }
    }
    if (out.size() > 1) out += ",";
    out += process->to_json();
  }
  return out + "]";
}

// How often capture refused or dropped for a reason; `project` is empty where it is not known.
struct Refused {
  std::string project;
  std::string reason;
  int64_t count = 0;
};

// What capture refused since its start.
std::vector<Refused> read_refused(std::string_view accept_metrics) {
  std::vector<Refused> all;
  for (const std::string_view name :
       {"millrace_capture_requests_refused_total", "millrace_capture_events_dropped_total"}) {
    for (const MetricSample& sample : find_samples(accept_metrics, name)) {
      const auto count = static_cast<int64_t>(sample.value);
      if (count > 0) all.push_back({sample.label("project"), sample.label("reason"), count});
    }
  }
  return all;
}

// [{"project":1,"reason":"restricted","count":3},…]; the project is null where it is not known.
std::string refused_of_projects_json(const std::vector<Refused>& all) {
  std::string out = "[";
  for (const Refused& refused : all) {
    json::Object one;
    one.set("project", refused.project.empty() ? "null" : refused.project);
    one.set_text("reason", refused.reason);
    set_number(one, "count", refused.count);
    if (out.size() > 1) out += ",";
    out += one.to_json();
  }
  return out + "]";
}

// Added up by reason.
json::Object refused_json(const std::vector<Refused>& all, std::string_view accept_metrics) {
  std::map<std::string, int64_t> by_reason;
  for (const Refused& refused : all) by_reason[refused.reason] += refused.count;
  // What the HTTP server refused is among capture's refusals, but for connections above the limit,
  // which capture never sees.
  constexpr std::string_view turned_away = "connections_exhausted";
  for (const MetricSample& sample : find_samples(accept_metrics, "millrace_http_refusals_total")) {
    if (sample.label("reason") == turned_away && sample.value > 0) {
      by_reason[std::string(turned_away)] += static_cast<int64_t>(sample.value);
    }
  }
  json::Object refused;
  for (const auto& [reason, count] : by_reason) set_number(refused, reason, count);
  return refused;
}

// Ingest counts fates ("stored", "dropped:<reason>") beside other things that it noticed.
bool is_fate(std::string_view counter) {
  const std::string_view what = counter.substr(0, counter.find(':'));
  return what == "stored" || what == "duplicate" || what == "dropped" || what == "dead_lettered";
}

// Whether ingest reads the topic: the lanes of captured events.
bool is_ingested(std::string_view topic) {
  const auto lane = event::lane_of_topic(topic);
  return lane && std::ranges::find(event::ingested_lanes, *lane) != event::ingested_lanes.end();
}

// "captured" of "captured/0".
std::string_view topic_of(const state::Position& position) {
  return std::string_view(position.name).substr(0, position.name.find('/'));
}

struct TopicEnds {
  std::string json = "[]";
  std::string trouble;  // why the log could not be asked; empty when it could
  int64_t captured_end = 0;
  int64_t events_end = 0;
  int64_t recordings_end = 0;
};

io::Task<Result<TopicEnds>> topic_ends(stream::Log& log) {
  TopicEnds ends;
  const auto all = co_await log.list();
  if (!all) {
    // Brokers that do not answer are no reason to say nothing about the rest.
    ends.trouble = all.error().message();
    co_return ends;
  }
  ends.json = "[";
  for (const stream::TopicPartition& where : *all) {
    auto reader = co_await log.open_reader(where);
    if (!reader) {
      ends.trouble = reader.error().message();
      continue;
    }
    const auto first = co_await (*reader)->first_offset();
    const int64_t end = (*reader)->end_offset().value;
    if (is_ingested(where.topic)) ends.captured_end += end;
    if (where.topic == events_topic) ends.events_end += end;
    if (where.topic == recordings_topic) ends.recordings_end += end;
    json::Object topic;
    topic.set_text("topic", where.topic);
    set_number(topic, "partition", where.partition);
    const int64_t begin = first ? first->value : 0;
    set_number(topic, "first_offset", begin);
    topic.set("last_offset", begin < end ? std::to_string(end - 1) : "null");
    set_number(topic, "next_offset", end);
    if (ends.json.size() > 1) ends.json += ",";
    ends.json += topic.to_json();
  }
  ends.json += "]";
  co_return ends;
}

io::Task<Result<json::Object>> disk_json(const StatusSources& sources) {
  json::Object disk;
  const uint64_t log = co_await sources.files.run([&] { return folder_bytes(sources.log_folder); });
  const uint64_t warehouse =
      co_await sources.files.run([&] { return folder_bytes(sources.warehouse_folder); });
  const uint64_t state = co_await sources.files.run([&] {
    uint64_t bytes = 0;
    for (const std::string& path : sources.state_files) {
      std::error_code missing;
      const auto size = std::filesystem::file_size(path, missing);
      if (!missing) bytes += size;
    }
    return bytes;
  });
  MR_CO_TRY(const auto space, co_await sources.world.disk.space(sources.data_path));
  set_number(disk, "log_bytes", static_cast<int64_t>(log));
  set_number(disk, "warehouse_bytes", static_cast<int64_t>(warehouse));
  set_number(disk, "state_bytes", static_cast<int64_t>(state));
  set_number(disk, "free_bytes", static_cast<int64_t>(space.free_bytes));
  co_return disk;
}

// Recordings are counted apart from events: how many were taken, how many have their row or another
// fate, and which. `accepted` is "null" where it is not known.
json::Object recordings_json(std::string_view accepted,
                             const std::vector<state::Position>& positions,
                             const std::vector<state::CounterValue>& counters) {
  json::Object fates;
  for (const state::CounterValue& counter : counters) {
    if (!counter.name.starts_with(recording_counter)) continue;
    const std::string_view name = std::string_view(counter.name).substr(recording_counter.size());
    if (is_fate(name)) set_number(fates, name, counter.value);
  }
  int64_t ingested = 0;
  for (const state::Position& position : positions) {
    if (topic_of(position) == recordings_topic) ingested += position.next.value;
  }
  json::Object recordings;
  recordings.set("accepted", accepted);
  set_number(recordings, "ingested", ingested);
  recordings.set("fates", fates.to_json());
  return recordings;
}

io::Task<Result<void>> add_stages(json::Object& report, const StatusSources& sources) {
  MR_CO_TRY(const TopicEnds ends, co_await topic_ends(sources.log));
  MR_CO_TRY(const auto positions, co_await sources.state.positions());
  MR_CO_TRY(const auto counters, co_await sources.state.counters());
  MR_CO_TRY(const auto loaded,
            co_await sources.load_positions.load(std::string(events_topic) + "-0"));
  int64_t ingested = 0;
  for (const state::Position& position : positions) {
    if (is_ingested(topic_of(position))) ingested += position.next.value;
  }
  const int64_t stored = loaded ? loaded->next.value : 0;
  // Without the log's ends nothing is known of them, which is not the same as nothing.
  const bool known = ends.trouble.empty();
  const auto set_known = [known](json::Object& object, std::string_view key, int64_t number) {
    object.set(key, known ? std::to_string(std::max<int64_t>(number, 0)) : "null");
  };
  set_known(report, "accepted", ends.captured_end);
  set_number(report, "ingested", ingested);
  set_number(report, "stored", stored);
  json::Object lag;
  set_known(lag, "ingest", ends.captured_end - ingested);
  set_known(lag, "load", ends.events_end - stored);
  report.set("lag", lag.to_json());
  json::Object fates;
  for (const state::CounterValue& counter : counters) {
    if (is_fate(counter.name)) set_number(fates, counter.name, counter.value);
  }
  report.set("fates", fates.to_json());
  const std::string recorded = known ? std::to_string(ends.recordings_end) : "null";
  report.set("recordings", recordings_json(recorded, positions, counters).to_json());
  report.set("topics", ends.json);
  if (!ends.trouble.empty()) report.set_text("log_error", ends.trouble);
  co_return Result<void>();
}

}  // namespace

io::Task<Result<std::string>> status_report(StatusSources sources) {
  json::Object report;
  report.set_text("version", sources.version);
  report.set_text("data", sources.data_path);
  std::map<std::string, std::string> metrics;
  for (const auto& [name, socket] : sources.processes) {
    metrics[name] = co_await process_metrics(sources.world, socket);
  }
  const auto list =
      co_await io::read_whole_file(sources.world.disk, sources.processes_file, processes_bytes_max);
  report.set("processes", processes_json(list ? as_text(*list) : "[]", metrics));
  MR_CO_CHECK(co_await add_stages(report, sources));
  const std::vector<Refused> refused = read_refused(metrics["accept"]);
  report.set("refused", refused_json(refused, metrics["accept"]).to_json());
  report.set("refused_of_projects", refused_of_projects_json(refused));
  MR_CO_TRY(const json::Object disk, co_await disk_json(sources));
  report.set("disk", disk.to_json());
  co_return report.to_json();
}

}  // namespace mr::serve
