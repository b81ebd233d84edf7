#include "main/pipeline_process.h"

#include "catalog/catalog.h"
#include "ingest/pipeline.h"
#include "log/archive.h"
#include "log/partition.h"
#include "main/catalog_places.h"
#include "main/consumer_notes.h"
#include "main/log_places.h"
#include "main/mischief.h"
#include "main/replay_ingest.h"
#include "main/version.h"
#include "serve/admin_gate.h"
#include "serve/control_api.h"
#include "state/sqlite_state_store.h"

namespace mr::main {

namespace {

constexpr Millis control_grace{2'000};

// What ingest writes besides `events`, through the outbox.
constexpr const char* outbox_topics[] = {"persons", "person_distinct_ids", "groups",
                                         "ingestion_warnings", "dead_letters"};

// The topics that this process writes: hidden until their offsets are committed with the state, and
// cut back to what was committed when they are opened.
class PipelineTopics {
 public:
  static io::Task<Result<std::unique_ptr<PipelineTopics>>> open(stream::Log& log,
                                                                state::StateStore& state) {
    auto topics = std::make_unique<PipelineTopics>();
    MR_CO_TRY(const auto positions, co_await state.positions());
    MR_CO_TRY(topics->events_, co_await open_one(log, "events", positions));
    for (const char* topic : outbox_topics) {
      MR_CO_TRY(auto appender, co_await open_one(log, topic, positions));
      topics->outbox_.push_back(std::move(appender));
    }
    co_return topics;
  }

  stream::Appender& events() { return *events_; }

  std::vector<ingest::OutboxDrainer::Topic> outbox() {
    std::vector<ingest::OutboxDrainer::Topic> topics;
    for (size_t i = 0; i < outbox_.size(); ++i) topics.push_back({outbox_topics[i], *outbox_[i]});
    return topics;
  }

  io::Task<Result<void>> close() {
    MR_CO_CHECK(co_await events_->close());
    for (const auto& appender : outbox_) MR_CO_CHECK(co_await appender->close());
    co_return Result<void>();
  }

 private:
  static io::Task<Result<std::unique_ptr<stream::Appender>>> open_one(
      stream::Log& log, const char* topic, const std::vector<state::Position>& positions) {
    stream::AppendOptions options;
    options.visibility = stream::Visibility::on_publish;
    options.truncate_to = state::position_of(positions, ingest::position_name(topic));
    co_return co_await log.open_appender({topic, first_partition}, options);
  }

  std::unique_ptr<stream::Appender> events_;
  std::vector<std::unique_ptr<stream::Appender>> outbox_;
};

// The admin token as the catalog has it now.
class CatalogAdminTokens final : public serve::AdminTokens {
 public:
  explicit CatalogAdminTokens(catalog::Catalog& catalog) : catalog_(catalog) {}
  io::Task<bool> matches(std::string token) override {
    const auto snapshot = co_await catalog_.snapshot();
    co_return snapshot && snapshot->admin_token_matches(token);
  }

 private:
  catalog::Catalog& catalog_;
};

serve::StatusSources status_sources(ProcessRuntime& runtime, io::Worker& files, stream::Log& log,
                                    stream::Checkpoints& load_positions, state::StateStore& state) {
  const DataDirectory& directory = runtime.directory();
  serve::StatusSources sources{
      .world = runtime.world(),
      .files = files,
      .log = log,
      .load_positions = load_positions,
      .state = state,
      .version = std::string(program_version),
      .data_path = directory.path(),
      .processes_file = directory.processes_file(),
      .log_folder = directory.log(),
      .warehouse_folder = directory.warehouse(),
      .state_files = {directory.state(), directory.state() + "-wal", directory.catalog()},
      .processes = {}};
  for (const char* process : {"accept", "pipeline", "store"}) {
    sources.processes.emplace_back(process, io::Address{directory.process_socket(process)});
  }
  return sources;
}

// What comes from outside may hold half of what both sockets may, so that the control socket
// answers whatever the public port is asked.
constexpr size_t api_connections_max = 8'000;
constexpr size_t api_memory_bytes_max = 128 * 1024 * 1024;

http::ServerLimits api_limits() {
  http::ServerLimits limits;
  limits.connections_max = api_connections_max;
  limits.receive_memory_bytes_max = api_memory_bytes_max;
  return limits;
}

// The control API on both of its sockets.
class ControlServers {
 public:
  ControlServers(ProcessRuntime& runtime, serve::ControlApi& api, serve::AdminTokens& tokens)
      : runtime_(runtime),
        gate_(api.handler(), tokens),
        budget_(api_connections_max * 2, api_memory_bytes_max * 2),
        trusted_(runtime.world(), api.handler(), runtime.metrics(), "control", {}, &budget_),
        guarded_(runtime.world(), gate_, runtime.metrics(), "api", api_limits(), &budget_),
        tasks_(runtime.world().loop) {}

  Result<void> start() {
    const DataDirectory& directory = runtime_.directory();
    MR_CHECK(serve_in_background(runtime_, tasks_, trusted_, directory.control_socket()));
    return serve_in_background(runtime_, tasks_, guarded_, directory.api_socket());
  }
  io::Task<void> stop() {
    trusted_.stop(control_grace);
    guarded_.stop(control_grace);
    co_await tasks_.drain();
  }

 private:
  ProcessRuntime& runtime_;
  serve::AdminGate gate_;
  http::ServerBudget budget_;
  http::Server trusted_;
  http::Server guarded_;
  io::TaskGroup tasks_;
};

io::Task<void> run_drainer(ProcessRuntime& runtime, ingest::OutboxDrainer& drainer) {
  runtime.must(co_await drainer.run());
}

// `replay` may be null.
io::Task<void> stop_when_asked(ProcessRuntime& runtime, ingest::Pipeline& pipeline,
                               ReplayIngest* replay) {
  co_await runtime.stop_requested();
  pipeline.stop();
  if (replay != nullptr) replay->stop();
}

// Readers of every lane that ingest works on; the first of main is opened before the brokers are
// asked how many there are, because silent ones have answered when a reader is open.
struct OpenLanes {
  std::vector<std::unique_ptr<stream::Reader>> readers;
  std::vector<ingest::InputPartition> inputs;
  LanePartitions partitions{};

  io::Task<Result<void>> open(stream::Log& log, event::Lane lane, int32_t number) {
    MR_CO_TRY(auto reader, co_await log.open_reader({std::string(event::topic_of(lane)), number}));
    readers.push_back(std::move(reader));
    inputs.push_back({lane, number, *readers.back()});
    co_return Result<void>{};
  }
};

io::Task<Result<OpenLanes>> open_captured(ProcessRuntime& runtime, stream::Log& log) {
  OpenLanes lanes;
  MR_CO_CHECK(co_await lanes.open(log, event::Lane::main, 0));
  MR_CO_TRY(lanes.partitions, co_await wait_for_lane_partitions(runtime, log));
  for (const event::Lane lane : event::ingested_lanes) {
    for (int32_t number = 0; number < lanes.partitions[static_cast<size_t>(lane)]; ++number) {
      if (lane == event::Lane::main && number == 0) continue;
      MR_CO_CHECK(co_await lanes.open(log, lane, number));
    }
  }
  co_return lanes;
}

// How far ingest has come in one partition.
class IngestedPosition final : public ConsumerNotes::Position {
 public:
  IngestedPosition(const ingest::Pipeline& pipeline, size_t input)
      : pipeline_(pipeline), input_(input) {}
  Offset finished() const override { return pipeline_.status().inputs.at(input_).next; }

 private:
  const ingest::Pipeline& pipeline_;
  size_t input_;
};

// Retention of the captured topics waits for ingest.
io::Task<Result<void>> register_ingest(stream::Log& log, const ingest::Pipeline& pipeline,
                                       ConsumerNotes& notes) {
  const ingest::IngestStatus status = pipeline.status();
  for (size_t i = 0; i < status.inputs.size(); ++i) {
    const auto& input = status.inputs[i];
    MR_CO_TRY(auto consumer,
              co_await log.register_consumer({input.topic, input.partition}, "ingest", input.next));
    notes.add(std::move(consumer), std::make_unique<IngestedPosition>(pipeline, i));
  }
  co_return Result<void>{};
}

// One archiver for each partition of the captured topics, when there is an archive.
io::Task<std::vector<std::unique_ptr<log::Archiver>>> open_archivers(
    ProcessRuntime& runtime, stream::Log& log, std::vector<ingest::InputPartition> captured) {
  std::vector<std::unique_ptr<log::Archiver>> archivers;
  const std::string& folder = runtime.settings().text("log.archive");
  // Only our own log can be archived: with Kafka it is the brokers' part.
  if (folder.empty() || !log.cuts_uncommitted()) co_return archivers;
  for (const ingest::InputPartition& input : captured) {
    const stream::TopicPartition which{std::string(input.topic()), input.number};
    auto archiver = std::make_unique<log::Archiver>(
        runtime.world(), log::partition_folder(runtime.directory().log(), which),
        log::partition_folder(folder, which), &runtime.log());
    auto reader = co_await log.open_reader(which);
    const auto opened = reader ? co_await archiver->open(std::move(*reader), log, which)
                               : Result<void>(fail(reader.error()));
    if (opened) {
      archivers.push_back(std::move(archiver));
      continue;
    }
    // Ingest does not wait for an archive; its note keeps the log until it works again.
    runtime.log().error(
        "the archive cannot be written: captured events are kept until it can, "
        "after the next start",
        {{"folder", folder}, {"error", opened.error().message()}});
  }
  co_return archivers;
}

// Ingests until the process is asked to stop or something has failed for good; then the supervisor
// starts us again, and everything is opened anew.
io::Task<void> ingest_until_stopped(ProcessRuntime& runtime, stream::Log& log,
                                    PipelineTopics& topics, state::StateStore& state,
                                    catalog::LiveSnapshot& projects) {
  io::World& world = runtime.world();
  ingest::OutboxDrainer drainer(world, state, topics.outbox(), runtime.log(), runtime.metrics());
  const OpenLanes lanes = runtime.must(co_await open_captured(runtime, log));
  ingest::PipelineOptions options;
  options.processor.duplicates.window = runtime.settings().duration("ingest.dedup_window");
  options.processor.crash_on_event = mischief_at("ingest.crash_on_event");
  options.crash_page = runtime.directory().ingest_page();
  const auto pipeline = runtime.must(
      co_await ingest::Pipeline::open({world, lanes.inputs, topics.events(), log.cuts_uncommitted(),
                                       state, projects, drainer, runtime.log(), runtime.metrics()},
                                      options));
  runtime.log().info("ready",
                     {{"partitions", lanes.inputs.size()}, {"lag", pipeline->status().lag()}});
  ConsumerNotes notes(world, runtime.log());
  runtime.must(co_await register_ingest(log, *pipeline, notes));
  const auto replay = co_await ReplayIngest::open(
      runtime, {log, state, projects, drainer, notes,
                lanes.partitions[static_cast<size_t>(event::Lane::replay)]});
  const auto archivers = co_await open_archivers(runtime, log, lanes.inputs);
  io::TaskGroup tasks(world.loop);
  for (const auto& archiver : archivers) tasks.spawn(archiver->run());
  tasks.spawn(notes.run());
  tasks.spawn(run_drainer(runtime, drainer));
  tasks.spawn(follow_lane_partitions(runtime, log, lanes.partitions));
  io::TaskGroup stopping(world.loop);
  stopping.spawn(stop_when_asked(runtime, *pipeline, replay.get()));
  if (replay) tasks.spawn(replay->run());
  runtime.must(co_await pipeline->run());
  if (replay) replay->stop();
  drainer.stop();
  notes.stop();
  for (const auto& archiver : archivers) archiver->stop();
  co_await tasks.drain();
  if (replay) runtime.must(co_await replay->close());
}

}  // namespace

io::Task<void> run_pipeline_process(ProcessRuntime& runtime) {
  io::World& world = runtime.world();
  const DataDirectory& directory = runtime.directory();
  io::ThreadWorker state_worker(runtime.loop(), 1, "state");
  io::ThreadWorker files(runtime.loop(), 1, "files");
  const auto catalog =
      runtime.must(co_await catalog::Catalog::open(world, catalog_options(directory, {})));
  const auto state =
      runtime.must(co_await state::SqliteStateStore::open(state_worker, directory.state()));
  const auto log = open_log(runtime);
  const auto load_positions = open_positions(runtime, directory.load());
  serve::ControlApi api(status_sources(runtime, files, *log, *load_positions, *state),
                        *catalog.catalog, {directory.process_socket("store")});
  CatalogAdminTokens tokens(*catalog.catalog);
  ControlServers control(runtime, api, tokens);
  runtime.must(control.start());
  runtime.must(runtime.serve_own_socket());

  catalog::LiveSnapshot projects(world, directory.catalog_snapshot(), directory.catalog_page());
  runtime.must(co_await projects.open());
  const auto topics = runtime.must(co_await PipelineTopics::open(*log, *state));
  co_await ingest_until_stopped(runtime, *log, *topics, *state, projects);
  co_await control.stop();
  co_await runtime.stop_own_socket();
  runtime.must(co_await topics->close());
}

}  // namespace mr::main
