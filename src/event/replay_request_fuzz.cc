#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "codec/json_object.h"
#include "event/captured_message.h"
#include "event/recording.h"
#include "event/replay_request.h"
#include "event/test_support.h"

// The first byte chooses the headers, the rest is the body. Whatever comes in: a verdict, and what
// is accepted is one well-formed record of a session, whose snapshots survive the way over Kafka.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mr::event;
  if (size == 0) return 0;
  const uint8_t choice = data[0];
  const std::string_view text = mr::as_text({data + 1, size - 1});
  ReplayRequest request;
  if ((choice & 1) != 0) request.content_type = "application/x-www-form-urlencoded";
  if ((choice & 2) != 0) request.content_encoding = "gzip";
  if ((choice & 4) != 0) request.user_agent = text.substr(0, text.find('\n'));
  request.body = std::string(text);
  request.now = {1'767'323'045'678};
  request.limits.body_bytes_max = 1 << 20;
  CountingUuids uuids;
  const CaptureVerdict verdict = decode_replay_request(std::move(request), uuids);
  if (!verdict) {
    MR_ASSERT(verdict.error().status >= 400 && verdict.error().status < 500);
    return 0;
  }
  MR_ASSERT(verdict->events.size() == 1);
  const CapturedEvent& event = verdict->events.front();
  MR_ASSERT(mr::json::is_valid(event.raw));
  MR_ASSERT(!event.envelope.distinct_id.empty() && !event.envelope.token.empty());
  MR_ASSERT(decode_envelope(encode_envelope(event.envelope)).value() == event.envelope);
  MR_ASSERT(is_session_id(record_key(event.envelope)));
  const auto snapshots = snapshots_of(event.raw);
  MR_ASSERT(snapshots.has_value());
  const auto message = captured_message_json(event.envelope, event.raw);
  MR_ASSERT(message.has_value());
  const auto back = read_captured_message(*message);
  MR_ASSERT(back.has_value() && back->envelope.context == event.envelope.context);
  MR_ASSERT(snapshots_of(back->value).value() == *snapshots);
  return 0;
}
