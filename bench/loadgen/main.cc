#include <signal.h>

#include <cstdio>
#include <string_view>

#include "bench/loadgen/load_run.h"
#include "bench/loadgen/options.h"
#include "bench/loadgen/report.h"
#include "bench/loadgen/system.h"

namespace {

constexpr int exit_usage = 2;

int complain(const mr::Error& error) {
  std::fprintf(stderr, "loadgen: %s\n", error.message().c_str());
  return exit_usage;
}

// Prints the first body as it would be sent the first and the second time.
int dump(const mr::bench::Options& options) {
  mr::bench::RandomStream random(static_cast<uint64_t>(options.events.started_at));
  auto body = mr::bench::RequestBody::create(options.events, 0, options.gzip_level, random);
  if (!body) return complain(body.error());
  for (int i = 0; i < 2; ++i) {
    body->refresh();
    std::fwrite(body->bytes().data(), 1, body->bytes().size(), stdout);
    if (options.gzip_level == 0) std::fputc('\n', stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    std::fputs(mr::bench::usage().data(), stdout);
    return 0;
  }
  const auto options = mr::bench::parse_options({argv + 1, static_cast<size_t>(argc - 1)});
  if (!options) return complain(options.error());
  if (options->dump) return dump(*options);
  auto run = mr::bench::LoadRun::create(*options);
  if (!run) return complain(run.error());
  const mr::bench::Measurements seen = run->run();
  const std::string line = mr::bench::report(*options, seen);
  std::fputs(line.c_str(), stdout);
  if (!options->json_file.empty() && !mr::bench::append_to_file(options->json_file, line)) {
    std::fprintf(stderr, "loadgen: cannot write %s\n", options->json_file.c_str());
    return 1;
  }
  return seen.answered > 0 ? 0 : 1;
}
