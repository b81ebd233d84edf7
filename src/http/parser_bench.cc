#include <chrono>
#include <cstdio>

#include "http/parser.h"

// How long a request head takes to parse, in nanoseconds: `mr_http_bench`. The figures of the
// decision docs/decisions/0001-http-parser.md come from here.
namespace mr::http {
namespace {

constexpr std::string_view server_head =
    "POST /batch/ HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: posthog-python/3.7.0\r\n"
    "Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n"
    "Content-Type: application/json\r\nContent-Length: 1042\r\n\r\n";

constexpr std::string_view browser_head =
    "POST /e/?ip=1&_=1767323045000&ver=1.205.0&compression=gzip-js HTTP/1.1\r\n"
    "Host: events.example.com\r\nConnection: keep-alive\r\nContent-Length: 1042\r\n"
    "sec-ch-ua: \"Chromium\";v=\"130\", \"Google Chrome\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\n"
    "Content-Type: text/plain\r\nsec-ch-ua-mobile: ?0\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36\r\nsec-ch-ua-platform: \"Linux\"\r\nAccept: */*\r\n"
    "Origin: https://www.example.com\r\nSec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\n"
    "Sec-Fetch-Dest: empty\r\nReferer: https://www.example.com/\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\r\n";

void measure(const char* name, std::string_view head) {
  constexpr int count = 500'000;
  RequestParser parser;
  size_t headers = 0;
  for (int round = 0; round < 3; ++round) {
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) {
      parser.reset();
      if (parser.parse_head(head) != RequestParser::Progress::complete) return;
      headers += parser.head().headers.size();
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begun;
    std::printf("%s head of %zu bytes: %.0f ns (%zu)\n", name, head.size(), took.count() / count,
                headers);
  }
}

}  // namespace
}  // namespace mr::http

int main() {
  mr::http::measure("server", mr::http::server_head);
  mr::http::measure("browser", mr::http::browser_head);
}
