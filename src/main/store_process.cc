#include "main/store_process.h"

#include "io/thread_worker.h"
#include "load/loader.h"
#include "main/consumer_notes.h"
#include "main/freeze_handler.h"
#include "main/loaded_topics.h"
#include "main/log_places.h"
#include "serve/query_handler.h"
#include "store/embedded_warehouse.h"

namespace mr::main {

namespace {

store::EngineOptions engine_options(const ProcessRuntime& runtime) {
  store::EngineOptions options;
  options.folder = runtime.directory().warehouse();
  options.library = runtime.settings().text("store.library");
  options.query.time_max = runtime.settings().duration("store.query_time_max");
  options.query.memory_bytes_max = runtime.settings().bytes("store.query_memory_max");
  return options;
}

// A loader with the reader that it needs.
struct Loading {
  std::unique_ptr<stream::Reader> reader;
  std::unique_ptr<load::Loader> loader;
};

io::Task<std::vector<Loading>> make_loaders(ProcessRuntime& runtime, stream::Log& log,
                                            stream::Checkpoints& checkpoints,
                                            store::Warehouse& warehouse,
                                            stream::Appender& dead_letters) {
  std::vector<Loading> loadings;
  for (const LoadedTopic& loaded : loaded_topics) {
    Loading loading;
    loading.reader = runtime.must(co_await log.open_reader({loaded.topic, first_partition}));
    load::LoaderOptions options;
    options.topic = loaded.topic;
    options.table = loaded.table;
    options.block_rows = static_cast<size_t>(runtime.settings().count("load.block_rows"));
    options.drop_repeats = !log.cuts_uncommitted();
    options.delay = runtime.settings().duration("load.delay");
    loading.loader = std::make_unique<load::Loader>(
        load::Loader::Doors{runtime.world(), *loading.reader, checkpoints, warehouse, dead_letters,
                            runtime.log(), runtime.metrics()},
        std::move(options));
    loadings.push_back(std::move(loading));
  }
  co_return loadings;
}

class LoadedPosition final : public ConsumerNotes::Position {
 public:
  explicit LoadedPosition(const load::Loader& loader) : loader_(loader) {}
  Offset finished() const override { return loader_.position(); }

 private:
  const load::Loader& loader_;
};

// Retention of the loaded topics waits for their tables.
io::Task<Result<void>> register_loaders(stream::Log& log, stream::Checkpoints& checkpoints,
                                        const std::vector<Loading>& loadings,
                                        ConsumerNotes& notes) {
  for (size_t i = 0; i < loadings.size(); ++i) {
    const std::string topic = loaded_topics[i].topic;
    MR_CO_TRY(const auto saved,
              co_await checkpoints.load(topic + "-" + std::to_string(first_partition)));
    const Offset next = saved ? saved->next : Offset(0);
    MR_CO_TRY(auto consumer,
              co_await log.register_consumer({topic, first_partition}, "load", next));
    notes.add(std::move(consumer), std::make_unique<LoadedPosition>(*loadings[i].loader));
  }
  co_return Result<void>{};
}

}  // namespace

io::Task<void> run_store_process(ProcessRuntime& runtime) {
  io::World& world = runtime.world();
  io::ThreadWorker inserts(runtime.loop(), 1, "inserts");
  io::ThreadWorker queries(runtime.loop(), store::query_sessions, "queries");
  const auto warehouse = runtime.must(co_await store::EmbeddedWarehouse::open(
      {world.loop, world.disk, inserts, queries, runtime.metrics()}, engine_options(runtime)));
  serve::QueryHandler query(*warehouse);
  runtime.own_routes().add(http::Method::post, "/query", query);
  FreezeHandler freeze(world, *warehouse, runtime.directory().load());
  runtime.own_routes().add(http::Method::post, "/freeze", freeze);
  runtime.must(runtime.serve_own_socket());

  const auto log = open_log(runtime);
  const auto checkpoints = open_positions(runtime, runtime.directory().load());
  // Rows are loaded and queries answered without it, up to a row that must go there.
  const auto dead_letters =
      co_await open_patiently(runtime, *log, {"dead_letters", store_partition});
  const auto loadings =
      co_await make_loaders(runtime, *log, *checkpoints, *warehouse, *dead_letters);
  ConsumerNotes notes(world, runtime.log());
  runtime.must(co_await register_loaders(*log, *checkpoints, loadings, notes));
  std::vector<load::Loader*> loaders;
  for (const Loading& loading : loadings) loaders.push_back(loading.loader.get());
  freeze.set_loaders(std::move(loaders));
  runtime.log().info("ready");
  io::TaskGroup tasks(world.loop);
  tasks.spawn(notes.run());
  for (const Loading& loading : loadings) tasks.spawn(loading.loader->run());
  co_await runtime.stop_requested();
  for (const Loading& loading : loadings) loading.loader->stop();
  notes.stop();
  co_await tasks.drain();
  co_await runtime.stop_own_socket();
  runtime.must(co_await dead_letters->close());
}

}  // namespace mr::main
