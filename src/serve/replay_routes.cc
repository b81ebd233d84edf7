#include "serve/replay_routes.h"

#include <algorithm>
#include <map>
#include <vector>

#include "codec/integer.h"
#include "codec/json_object.h"
#include "codec/json_text.h"
#include "codec/percent.h"
#include "event/envelope.h"
#include "event/lane.h"
#include "event/recording.h"
#include "http/client.h"
#include "io/clock.h"
#include "serve/api_error.h"
#include "serve/tail.h"

namespace mr::serve {

namespace {

constexpr std::string_view sessions_path = "/api/replay/sessions";
constexpr std::string_view snapshots_ending = "/snapshots";
constexpr int64_t limit_default = 100;
constexpr int64_t limit_max = 10'000;
// A session of days, with a block every two seconds.
constexpr int64_t blocks_max = 200'000;
constexpr size_t answer_bytes_max = 64u * 1024 * 1024;
constexpr Millis store_patience{60'000};
// A record that a row names is in the log, or the log says that it is not.
constexpr Millis read_patience{10'000};

constexpr std::string_view session_columns =
    "session_id, team_id AS project_id, distinct_id,"
    " formatDateTime(min_first_timestamp, '%Y-%m-%dT%H:%i:%S.%fZ') AS first_timestamp,"
    " formatDateTime(max_last_timestamp, '%Y-%m-%dT%H:%i:%S.%fZ') AS last_timestamp,"
    " first_url, click_count, keypress_count, mouse_activity_count, active_milliseconds,"
    " console_log_count, console_warn_count, console_error_count, size, message_count,"
    " event_count, snapshot_source, snapshot_library";

std::optional<int64_t> read_number(std::string_view text) {
  const auto number = codec::parse_integer(text);
  return number && *number < 0 ? std::nullopt : number;
}

struct Block {
  int32_t partition = 0;
  Offset offset;
};

// Lines of two numbers below a line of names.
std::vector<Block> read_blocks(std::string_view table) {
  std::vector<Block> blocks;
  while (!table.empty()) {
    const size_t end = std::min(table.find('\n'), table.size());
    const std::string_view line = table.substr(0, end);
    table.remove_prefix(std::min(end + 1, table.size()));
    const size_t tab = std::min(line.find('\t'), line.size());
    const auto partition = read_number(line.substr(0, tab));
    const auto offset = read_number(line.substr(std::min(tab + 1, line.size())));
    if (partition && offset) blocks.push_back({static_cast<int32_t>(*partition), Offset(*offset)});
  }
  return blocks;
}

// The snapshots of a session, block by block.
class SnapshotSource final : public http::BodySource {
 public:
  SnapshotSource(io::World& world, stream::Log& log, std::vector<Block> blocks)
      : world_(world), log_(log), blocks_(std::move(blocks)) {}

  io::Task<Result<std::string>> next() override {
    std::string lines;
    while (lines.empty() && at_ < blocks_.size()) {
      MR_CO_TRY(lines, co_await read(blocks_[at_]));
      ++at_;
    }
    co_return lines;
  }

 private:
  io::Task<Result<std::string>> read(Block block) {
    const stream::TopicPartition where{std::string(event::topic_of(event::Lane::replay)),
                                       block.partition};
    auto& reader = readers_[block.partition];
    if (!reader) {
      MR_CO_TRY(reader, co_await log_.open_reader(where));
    }
    const Instant deadline = world_.clock.now() + read_patience;
    MR_CO_TRY(const stream::ReadBatch batch, co_await reader->read(block.offset, 1, deadline));
    if (batch.damaged) {
      stream::DamagedRange one = *batch.damaged;
      one.from = block.offset;
      one.to = block.offset + 1;
      co_return damage_line(where, one) + "\n";
    }
    if (batch.empty() || batch.records.front().offset != block.offset) {
      co_return fail(ErrorCode::failed, "the log does not yield the recording at offset " +
                                            std::to_string(block.offset.value));
    }
    co_return snapshot_lines(batch.records.front());
  }

  io::World& world_;
  stream::Log& log_;
  std::vector<Block> blocks_;
  std::map<int32_t, std::unique_ptr<stream::Reader>> readers_;
  size_t at_ = 0;
};

}  // namespace

// What a request asks for.
struct ReplayRoutes::Wanted {
  std::string session_id;  // empty: the list
  bool snapshots = false;
  std::optional<int64_t> project;
  int64_t limit = limit_default;

  static Result<Wanted> parse(const http::RequestHead& head);
  // Every row, or those of the session, or of the project. Session ids need no escapes.
  std::string condition() const {
    std::string sql = " WHERE 1";
    if (!session_id.empty()) sql += " AND session_id = '" + session_id + "'";
    if (project) sql += " AND team_id = " + std::to_string(*project);
    return sql;
  }
};

Result<ReplayRoutes::Wanted> ReplayRoutes::Wanted::parse(const http::RequestHead& head) {
  Wanted wanted;
  std::string_view path = head.path;
  path.remove_prefix(sessions_path.size());
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!path.empty()) {
    path.remove_prefix(1);
    wanted.snapshots = path.ends_with(snapshots_ending);
    if (wanted.snapshots) path.remove_suffix(snapshots_ending.size());
    if (!event::is_session_id(path)) {
      return fail(ErrorCode::invalid_input, "a session id is 1 to 70 letters, digits and hyphens");
    }
    wanted.session_id = path;
  }
  const auto fields = codec::parse_form(head.query);
  if (const std::string* project = codec::find_field(fields, "project")) {
    wanted.project = read_number(*project);
    if (!wanted.project) return fail(ErrorCode::invalid_input, "\"project\" is a project's id");
  }
  if (const std::string* limit = codec::find_field(fields, "limit")) {
    const auto number = read_number(*limit);
    if (!number || *number == 0 || *number > limit_max) {
      return fail(ErrorCode::invalid_input,
                  "\"limit\" is a number from 1 to " + std::to_string(limit_max));
    }
    wanted.limit = *number;
  }
  return wanted;
}

io::Task<http::Response> ReplayRoutes::handle(http::Request request) {
  auto wanted = Wanted::parse(*request.head);
  if (!wanted) co_return api_error(wanted.error());
  if (wanted->snapshots) {
    auto source = co_await snapshots(*std::move(wanted));
    if (!source) co_return api_error(source.error());
    co_return http::Response::stream(200, "application/x-ndjson", std::move(*source));
  }
  auto body = wanted->session_id.empty() ? co_await list(*std::move(wanted))
                                         : co_await session(*std::move(wanted));
  if (!body) co_return api_error(body.error());
  co_return http::Response::json(200, *std::move(body));
}

io::Task<Result<std::string>> ReplayRoutes::ask(std::string sql, std::string format) {
  json::Object body;
  body.set_text("sql", sql);
  body.set_text("format", format);
  http::ClientRequest query{
      .method = "POST", .target = "/query", .header_lines = {}, .body = body.to_json()};
  const Instant deadline = world_.clock.now() + store_patience;
  auto answer =
      co_await http::fetch(world_.network, store_, std::move(query), deadline, answer_bytes_max);
  if (!answer) {
    co_return fail(ErrorCode::busy, "the warehouse is not ready: " + answer.error().message() +
                                        "; try again in a moment");
  }
  if (answer->status != 200) {
    co_return fail(ErrorCode::failed, "the warehouse answered: " + answer->body);
  }
  co_return std::move(answer->body);
}

io::Task<Result<std::string>> ReplayRoutes::ask_objects(std::string sql) {
  MR_CO_TRY(const std::string text, co_await ask(std::move(sql), "json"));
  MR_CO_TRY(const json::Object answer, json::Object::parse(text));
  std::string compact;
  json::append_compact(compact, answer.find("data").value_or("[]"));
  co_return compact;
}

io::Task<Result<std::string>> ReplayRoutes::list(Wanted wanted) {
  // First the ids alone: to add up all sessions of a month takes seconds.
  const std::string limit = " LIMIT " + std::to_string(wanted.limit);
  std::string sql = "SELECT " + std::string(session_columns) + " FROM session_replay_events" +
                    wanted.condition() +
                    " AND (team_id, session_id) IN (SELECT team_id, session_id FROM"
                    " session_replay_blocks" +
                    wanted.condition() +
                    " GROUP BY team_id, session_id ORDER BY max(_timestamp) DESC, session_id" +
                    limit + ") ORDER BY min_first_timestamp DESC, session_id" + limit;
  MR_CO_TRY(const std::string sessions, co_await ask_objects(std::move(sql)));
  co_return "{\"sessions\":" + sessions + "}";
}

io::Task<Result<std::string>> ReplayRoutes::session(Wanted wanted) {
  std::string sql = "SELECT " + std::string(session_columns) +
                    ", all_urls, block_urls FROM session_replay_events" + wanted.condition() +
                    " LIMIT 2";
  MR_CO_TRY(const std::string found, co_await ask_objects(std::move(sql)));
  MR_CO_TRY(const auto sessions, json::split_array(found));
  if (sessions.empty()) {
    co_return fail(ErrorCode::not_found, "there is no recording of the session " +
                                             wanted.session_id +
                                             " (one is seen about a second after it was sent)");
  }
  if (sessions.size() > 1) {
    co_return fail(ErrorCode::invalid_input, "more than one project has a session " +
                                                 wanted.session_id + ": name the project");
  }
  co_return std::string(sessions.front());
}

io::Task<Result<std::unique_ptr<http::BodySource>>> ReplayRoutes::snapshots(Wanted wanted) {
  MR_CO_TRY([[maybe_unused]] const std::string one, co_await session(wanted));
  std::string sql = "SELECT _source_partition, _source_offset FROM session_replay_blocks FINAL" +
                    wanted.condition() + " ORDER BY 1, 2 LIMIT " + std::to_string(blocks_max);
  MR_CO_TRY(const std::string table, co_await ask(std::move(sql), "tsv"));
  co_return std::make_unique<SnapshotSource>(world_, log_, read_blocks(table));
}

Result<std::string> snapshot_lines(const stream::Record& record) {
  const auto encoded = record.header(event::envelope_header);
  if (!encoded) return fail(ErrorCode::invalid_input, "a recording without an envelope");
  MR_TRY(const auto envelope, event::decode_envelope(*encoded, record.key));
  MR_TRY(const auto context, event::read_recording_context(envelope.context));
  std::string memory;
  MR_TRY(const auto opened, event::open_recording(envelope, as_text(record.value), memory));
  MR_TRY(const auto snapshots, event::snapshots_of(opened));
  const std::string begin = "[" + json::quote(context.window_id) + ",";
  std::string lines;
  lines.reserve(opened.size());
  for (const std::string_view snapshot : snapshots) {
    lines += begin;
    const size_t start = lines.size();
    lines += snapshot;
    // JSON has them between tokens only.
    std::replace_if(
        lines.begin() + static_cast<std::ptrdiff_t>(start), lines.end(),
        [](char c) { return c == '\n' || c == '\r'; }, ' ');
    lines += "]\n";
  }
  return lines;
}

}  // namespace mr::serve
