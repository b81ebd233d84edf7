// How fast the embedded log is on this machine's disk, beside a bare loop of direct writes.
// Usage: mr_log_bench [FOLDER [SECONDS]]. The folder is left behind.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "io/real_world.h"
#include "log/log_benchmark.h"

namespace mr::log {
namespace {

io::Task<void> report(io::World world, BenchmarkOptions options) {
  const auto figures = co_await run_benchmark(world, options);
  if (!figures) {
    std::printf("failed: %s\n", figures.error().message().c_str());
    co_return;
  }
  for (const BenchmarkFigure& figure : *figures) {
    std::printf("%-52s %10.1f %-5s", figure.name.c_str(), figure.value, figure.unit.c_str());
    if (figure.ratio > 0) std::printf("  ratio %5.2f", figure.ratio);
    if (figure.goal > 0) {
      std::printf("  goal %s %g: %s", figure.at_least ? ">=" : "<=", figure.goal,
                  figure.met() ? "met" : "MISSED");
    }
    std::printf("\n");
  }
  co_return;
}

}  // namespace
}  // namespace mr::log

int main(int argc, char** argv) {
  mr::io::RealWorld world;
  mr::log::BenchmarkOptions options;
  options.folder = argc > 1 ? argv[1] : "log_bench.data";
  if (argc > 2) options.duration = {std::atoi(argv[2]) * 1000};
  world.run(mr::log::report(world.world(), options));
  return 0;
}
