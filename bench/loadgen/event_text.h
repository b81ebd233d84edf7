#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/loadgen/random.h"

namespace mr::bench {

// Whose client library the requests look like.
enum class WireForm : uint8_t {
  posthog,  // "uuid", "distinct_id"; the token is in the body
  segment,  // calls of type "track": "messageId", "userId"; the token is in a header
};

// How the events of one run look.
struct EventShape {
  WireForm form = WireForm::posthog;
  std::string token;
  uint32_t events_per_request = 1;
  uint32_t event_bytes = 1000;  // each event is padded to about this size
  uint32_t users = 10'000;      // distinct ids are drawn from this many
  int64_t started_at = 0;       // milliseconds since 1970; part of each uuid
};

// The digits of a uuid that change each time a body is sent again: the last twelve.
inline constexpr uint32_t uuid_fresh_digits = 12;

// A request body in which every event has a uuid of its own.
struct BodyText {
  std::string text;
  std::vector<uint32_t> fresh_digits;  // per event: where its fresh digits begin
};

// Writes one body as a client library sends it: one event, or an object with a "batch" of them.
// `first_event` numbers its events within the run (24 bits are kept, in the middle of the uuid).
BodyText write_body(const EventShape& shape, uint32_t first_event, RandomStream& random);

}  // namespace mr::bench
