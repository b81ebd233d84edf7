#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "capture/test_support.h"
#include "event/raw_event.h"
#include "sim/sim_world.h"

namespace {

using namespace mr;
using namespace mr::capture;

constexpr std::array<int, 13> statuses = {200, 204, 304, 400, 401, 402, 404,
                                          405, 408, 411, 413, 415, 503};

// What was kept can be read as what it was taken for.
void check_kept(const MemoryAppender::Kept& kept) {
  const event::Envelope& envelope = kept.envelope;
  MR_ASSERT(!envelope.event.empty() && !envelope.distinct_id.empty());
  MR_ASSERT(envelope.token == "phc_known" || envelope.token == "phc_other");
  if (envelope.dialect == event::Dialect::replay) return;
  MR_ASSERT(event::read_raw_event(envelope, kept.value).has_value());
}

}  // namespace

// Any bytes as a request to the public port, from its head to the log: an answer of a known status,
// nothing kept of what is refused, and what is kept can be read again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  http::RequestParser parser;
  if (parser.parse_head(text) != http::RequestParser::Progress::complete) return 0;
  if (route_of(parser.head()) == Route::api) return 0;
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world());
  const auto response =
      world.run(fixture.ask(text.substr(0, parser.head_bytes()), text.substr(parser.head_bytes())));
  MR_ASSERT(response.has_value());
  MR_ASSERT(std::ranges::find(statuses, response->status) != statuses.end());
  MR_ASSERT(response->status < 300 || fixture.appender.kept.empty());
  for (const MemoryAppender::Kept& kept : fixture.appender.kept) check_kept(kept);
  return 0;
}
