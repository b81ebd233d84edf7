#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

#include "bench/ceiling/server.h"

namespace {

constexpr std::string_view usage =
    "ceiling --port PORT --file FILE: the yardstick of capture (bench/README.md). It takes events\n"
    "on loopback and answers when they are durable in FILE, which it makes anew, of 1 GiB.\n";

mr::Result<void> run(std::string_view port_text, const std::string& path) {
  uint16_t port = 0;
  const char* end = port_text.data() + port_text.size();
  if (std::from_chars(port_text.data(), end, port).ptr != end || port == 0) {
    return mr::fail(mr::ErrorCode::invalid_input, "--port is not a port");
  }
  MR_TRY(const auto log, mr::bench::GroupLog::create(path));
  return mr::bench::CeilingServer(*log).run(port);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 || std::string_view(argv[1]) != "--port" || std::string_view(argv[3]) != "--file") {
    std::fputs(usage.data(), stderr);
    return 2;
  }
  const auto done = run(argv[2], argv[4]);
  if (!done) std::fprintf(stderr, "ceiling: %s\n", done.error().message().c_str());
  return 1;
}
