// How fast the embedded warehouse takes event rows, what a query costs beside it, and what memory
// it holds: `mr_store_bench [BLOCKS] [ROWS_PER_BLOCK]`. Prints one line of figures a measurement.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "io/task_group.h"
#include "io/test_support.h"
#include "store/embedded_warehouse.h"
#include "telemetry/process_status.h"

namespace mr::store {
namespace {

std::string row(uint64_t offset) {
  std::string tail = std::to_string(offset);
  tail.insert(0, 12 - tail.size(), '0');
  std::string text = R"({"uuid":"01930000-0000-7000-8000-)" + tail + R"(","event":")" +
                     (offset % 3 == 0 ? "$pageview" : "button clicked") +
                     R"(","distinct_id":"user-)" + std::to_string(offset % 5000) +
                     R"(","team_id":1,"timestamp":"2026-11-02 10:00:00.123","created_at":)"
                     R"("2026-11-02 10:00:01.000","properties":"{)";
  for (int i = 0; i < 24; ++i) {
    text += R"(\"property_)" + std::to_string(i) + R"(\":\"value )" +
            std::to_string(offset * 31 % (97 + i)) + R"(\",)";
  }
  return text +
         R"(\"$session_id\":\"0193aaaa-0000-7000-8000-000000000001\"}","person_id":)"
         R"("00000000-0000-0000-0000-0000000000aa","person_properties":)"
         R"("{\"email\":\"someone@example.com\",\"plan\":\"free\"}","person_created_at":)"
         R"("2026-11-01 00:00:00","person_mode":"full","_offset":)" +
         std::to_string(offset) + "}\n";
}

std::string block_of(uint64_t first, uint64_t rows) {
  std::string text;
  for (uint64_t i = 0; i < rows; ++i) text += row(first + i);
  return text;
}

io::Task<bool> insert_blocks(io::RealWorld& world, Warehouse& warehouse, uint64_t blocks,
                             uint64_t rows) {
  int64_t spent_micros = 0;
  size_t bytes = 0;
  for (uint64_t i = 0; i < blocks; ++i) {
    std::string text = block_of(i * rows, rows);
    bytes += text.size();
    co_await world.loop().yield();
    const Instant before = world.loop().now();
    const auto inserted = co_await warehouse.insert({"events", std::move(text), rows});
    if (!inserted) {
      std::fprintf(stderr, "%s\n", inserted.error().message().c_str());
      co_return false;
    }
    co_await world.loop().yield();
    spent_micros += world.loop().now().micros - before.micros;
  }
  const double seconds = static_cast<double>(spent_micros) / 1e6;
  std::printf("insert: %llu blocks of %llu rows, %.0f bytes a row: %.0f rows/s, %.1f ms a block\n",
              static_cast<unsigned long long>(blocks), static_cast<unsigned long long>(rows),
              static_cast<double>(bytes) / static_cast<double>(blocks * rows),
              static_cast<double>(blocks * rows) / seconds,
              seconds * 1000 / static_cast<double>(blocks));
  for (const char* sql :
       {"SELECT count() FROM events", "SELECT event, uniq(distinct_id) FROM events GROUP BY event",
        "SELECT JSONExtractString(properties, 'property_3') AS p, count() FROM events GROUP BY p",
        "SELECT _offset FROM events WHERE _offset BETWEEN 100 AND 110"}) {
    const Instant before = world.loop().now();
    const auto answered = co_await warehouse.query({sql});
    co_await world.loop().yield();
    std::printf("query: %.1f ms (%s) %s\n",
                static_cast<double>(world.loop().now().micros - before.micros) / 1000,
                answered ? "ok" : answered.error().message().c_str(), sql);
  }
  co_return true;
}

void print_memory(const char* when) {
  std::FILE* status = std::fopen("/proc/self/status", "r");
  char line[256];
  std::printf("memory %s:", when);
  while (status != nullptr && std::fgets(line, sizeof line, status) != nullptr) {
    const std::string text(line);
    if (text.starts_with("VmRSS") || text.starts_with("RssAnon") || text.starts_with("Threads")) {
      std::printf(" %s", text.substr(0, text.size() - 1).c_str());
    }
  }
  std::printf("\n");
  if (status != nullptr) std::fclose(status);
}

int run(uint64_t blocks, uint64_t rows) {
  io::TemporaryFolder folder;
  io::RealWorld world;
  io::ThreadWorker inserts(world.loop(), 1, "store-insert");
  io::ThreadWorker queries(world.loop(), query_sessions, "store-query");
  telemetry::Metrics metrics;
  print_memory("before");
  auto opened = io::run_in(
      world, EmbeddedWarehouse::open({world.loop(), world.world().disk, inserts, queries, metrics},
                                     EngineOptions{folder.at("store"), "", {}}));
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().message().c_str());
    return 1;
  }
  print_memory("open");
  const bool done = io::run_in(world, insert_blocks(world, **opened, blocks, rows));
  print_memory("after");
  world.run(world.loop().sleep(Millis{15'000}));
  print_memory("after 15 idle seconds");
  return done ? 0 : 1;
}

}  // namespace
}  // namespace mr::store

int main(int argc, char** argv) {
  const uint64_t blocks = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20;
  const uint64_t rows = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10'000;
  return mr::store::run(blocks, rows);
}
