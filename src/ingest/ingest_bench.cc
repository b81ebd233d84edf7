#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>

#include "event/envelope.h"
#include "ingest/event_processor.h"
#include "state/sqlite_tables.h"

// What ingest costs without the log: `mr_ingest_bench FOLDER [EVENTS] [BATCH] [USERS]` makes EVENTS
// captured records of about 1 KB from USERS users, runs them through decode, load, process and
// commit with the state database in FOLDER, and prints the time of each step. Three more arguments
// set SQLite for docs/decisions/0005-sqlite-settings.md: SYNCHRONOUS AUTOCHECKPOINT CACHE_KIB.
namespace mr::ingest {
namespace {

using Time = std::chrono::steady_clock;

struct Steps {
  double decode = 0, load = 0, process = 0, commit = 0, commit_max = 0;
};

struct Captured {
  std::string value;
  Bytes envelope;
};

class Clients {
 public:
  explicit Clients(uint64_t users) : users_(users) {}

  Captured next() {
    const uint64_t n = ++count_;
    const std::string user = "user-" + std::to_string(random_() % users_);
    event::Envelope envelope;
    envelope.uuid = codec::uuid_v7(1'700'000'000'000 + static_cast<int64_t>(n), random_(), n);
    envelope.event = n % 10 == 0 ? "$identify" : "$pageview";
    envelope.distinct_id = n % 10 == 0 || n % 3 != 0 ? user : "anon-" + user;
    envelope.token = "phc_bench";
    envelope.ip = "192.0.2.1";
    envelope.arrival = envelope.timestamp = WallTime{1'700'000'000'000 + static_cast<int64_t>(n)};
    std::string properties =
        R"("$lib":"web","$lib_version":"1.205.0","$browser":"Chrome","$browser_version":130,)"
        R"("$os":"Mac OS X","$os_version":"10.15.7","$device_type":"Desktop",)"
        R"("$screen_height":1117,"$screen_width":1728,"$viewport_height":958,)"
        R"("$viewport_width":1728,"$referrer":"$direct","$referring_domain":"$direct",)"
        R"("$pathname":"/products/list","$host":"shop.example.com",)"
        R"("$session_id":"0198b0c1-0000-7000-8000-000000000001","$window_id":"w-1",)"
        R"("$current_url":"https://shop.example.com/products/list?page=)" +
        std::to_string(random_() % 1000) + R"(","index":)" + std::to_string(n) + R"(,"text":")" +
        std::string(200, 'x') + '"';
    if (envelope.event == "$identify") {
      properties += R"(,"$anon_distinct_id":"anon-)" + user +
                    R"(","$set":{"plan":"pro","visits":)" + std::to_string(n) + "}";
    }
    Captured captured;
    captured.value = R"({"event":")" + envelope.event + R"(","distinct_id":")" +
                     envelope.distinct_id + R"(","properties":{)" + properties + "}}";
    captured.envelope = event::encode_envelope(envelope);
    return captured;
  }

 private:
  uint64_t users_;
  uint64_t count_ = 0;
  std::mt19937_64 random_{7};
};

double since(Time::time_point start) {
  return std::chrono::duration<double>(Time::now() - start).count();
}

Result<void> run_batch(EventProcessor& processor, state::SqliteTables& tables,
                       const catalog::Snapshot& projects, const std::vector<Captured>& batch,
                       int64_t first_offset, Steps& steps) {
  auto start = Time::now();
  std::vector<stream::Record> records;
  std::vector<std::unique_ptr<WorkItem>> items;
  for (const Captured& captured : batch) {
    records.push_back({Offset(first_offset + static_cast<int64_t>(records.size())),
                       WallTime{1'700'000'000'000},
                       {},
                       as_bytes(captured.value),
                       {{event::envelope_header, captured.envelope}}});
  }
  for (const stream::Record& record : records) {
    items.push_back(std::make_unique<WorkItem>(record));
    processor.decode(*items.back());
    processor.resolve(*items.back(), projects);
  }
  steps.decode += since(start);

  start = Time::now();
  for (;;) {
    state::StateRequest request;
    for (const auto& item : items) processor.want(*item, request);
    if (request.empty()) break;
    MR_TRY(const state::StateFound found, tables.load(request));
    processor.absorb(request, found);
  }
  steps.load += since(start);

  start = Time::now();
  const WallTime now{1'700'000'000'000 + first_offset};
  for (const auto& item : items) processor.process(*item, now);
  steps.process += since(start);

  start = Time::now();
  state::StateChanges changes;
  processor.collect(now, changes);
  changes.positions.push_back({"captured/0", records.back().offset + 1});
  MR_CHECK(tables.commit(changes));
  processor.committed();
  const double commit = since(start);
  steps.commit += commit;
  steps.commit_max = std::max(steps.commit_max, commit);
  return {};
}

int run(const std::string& folder, int64_t events, int64_t batch_size, uint64_t users,
        const sqlite::OpenOptions& options) {
  const std::string path = folder + "/bench-state.db";
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  auto tables = state::SqliteTables::open(path, options);
  if (!tables) {
    std::fprintf(stderr, "%s\n", tables.error().message().c_str());
    return 1;
  }
  EventProcessor processor{ProcessorOptions()};
  const catalog::Snapshot projects(
      1, {{ProjectId(1), "Bench", "phc_bench", WallTime{1'700'000'000'000}}}, "");
  Clients clients(users);
  Steps steps;
  int64_t done = 0;
  int64_t batches = 0;
  while (done < events) {
    std::vector<Captured> batch;
    for (int64_t i = 0; i < batch_size && done + i < events; ++i) batch.push_back(clients.next());
    if (auto ran = run_batch(processor, **tables, projects, batch, done, steps); !ran) {
      std::fprintf(stderr, "%s\n", ran.error().message().c_str());
      return 1;
    }
    done += static_cast<int64_t>(batch.size());
    ++batches;
  }
  const double micros = 1e6 / static_cast<double>(done);
  const double total = steps.decode + steps.load + steps.process + steps.commit;
  std::printf(
      "synchronous=%s autocheckpoint=%d cache_kib=%d events=%lld batch=%lld users=%llu: "
      "%.0f events/s; us/event: decode %.2f load %.2f process %.2f commit %.2f; "
      "ms/commit: mean %.2f max %.2f\n",
      std::string(options.synchronous).c_str(), options.autocheckpoint_pages, options.cache_kib,
      static_cast<long long>(done), static_cast<long long>(batch_size),
      static_cast<unsigned long long>(users), static_cast<double>(done) / total,
      steps.decode * micros, steps.load * micros, steps.process * micros, steps.commit * micros,
      steps.commit * 1e3 / static_cast<double>(batches), steps.commit_max * 1e3);
  return 0;
}

}  // namespace
}  // namespace mr::ingest

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr,
                 "usage: mr_ingest_bench FOLDER [EVENTS] [BATCH] [USERS] "
                 "[SYNCHRONOUS] [AUTOCHECKPOINT] [CACHE_KIB]\n");
    return 2;
  }
  const auto number = [&](int index, long long otherwise) {
    return argc > index ? std::atoll(argv[index]) : otherwise;
  };
  mr::sqlite::OpenOptions options;
  if (argc > 5) options.synchronous = argv[5];
  options.autocheckpoint_pages = static_cast<int>(number(6, options.autocheckpoint_pages));
  options.cache_kib = static_cast<int>(number(7, options.cache_kib));
  return mr::ingest::run(argv[1], number(2, 50'000), number(3, 2'000),
                         static_cast<uint64_t>(number(4, 10'000)), options);
}
