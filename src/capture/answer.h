#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/lane_appender.h"
#include "capture/route.h"
#include "catalog/traffic_rules.h"
#include "event/captured_batch.h"
#include "http/response.h"

namespace mr::capture {

// "captured/0:120-122, captured.historical/3:7-7": where the events of one request lie, by topic
// and partition, first and last offset. Those in "captured.spool" and its like go on to the brokers
// from there.
std::string receipt_of(const std::vector<LaneRange>& ranges);

// What became of an event request, before it is put into the words of its wire format.
struct Outcome {
  int status = 200;
  bool beacon = false;          // success is 204 and no body
  int retry_after_seconds = 0;  // 0: no Retry-After
  std::string_view reason;      // under which a refusal is counted; static text
  std::string message;          // for the client's developer; empty on success
  std::string receipt;          // Millrace-Receipt; empty: none
  size_t kept = 0;              // of a success: events
  std::array<uint32_t, event::drop_reasons> dropped{};  // those that were lost from it, by reason
  std::vector<event::EventReport> reports;              // of a success that tells of each event
  std::optional<catalog::Resource> over_quota;          // of a success that lost events to it
  std::vector<event::PartReport> parts;                 // of a success that tells of each part
};

// The response in the route's own words (capture-api contract, sections 1, 5 and 10): for PostHog
// {"status":"Ok"} (for /i/v0/ai {"accepted_parts":[…]}) or plain text, for its v1 see v1_answer.h,
// for traces otel_answer.h, for Segment {"success":true} or {"code","message"}, for RudderStack
// "ok" or the latter, for Jitsu {"ok":true,…} or {"ok":false,"error","message"}, for pixels always
// the picture.
http::Response render_outcome(Route route, const Outcome& outcome);

}  // namespace mr::capture
