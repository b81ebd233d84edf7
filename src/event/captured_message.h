#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "event/envelope.h"

namespace mr::event {

// The captured message as consumers of the reference know it (contract: capture section 4), made
// from a captured record: a JSON object with uuid, distinct_id, ip, data, now, sent_at, token,
// event, timestamp, and the two flags when they are true. `data` is a string holding the JSON of
// the raw event: a PostHog event with the fields that the contract lists, in the client's order,
// and its uuid null when the client sent none; a Segment call and a v1 event as the event that it
// is mapped to; a recording with its snapshots in one array.
// Errors: invalid_input when the value cannot be read.
Result<std::string> captured_message_json(const Envelope& envelope, std::string_view value);

// The header of a personless event; its text is "true".
inline constexpr std::string_view personless_header = "force_disable_person_processing";

// The headers that the reference's capture gives such a message: names with texts. `value` is
// looked into for the session; what cannot be read has none.
using MessageHeaders = std::vector<std::pair<std::string, std::string>>;
MessageHeaders captured_message_headers(const Envelope& envelope, std::string_view value);

// A captured record that was read from such a message.
struct CapturedRecord {
  Envelope envelope;
  std::string value;  // the raw event, as `data` had it
};

// The way back. What was mapped returns as the PostHog event that it was mapped to, so its row is
// the same. Whether the event is personless only a header tells; that is for the caller to read.
// What older versions of the reference leave out (`event`, `timestamp`, `token`) is taken from the
// raw event or from `now`. Errors: invalid_input naming the field.
Result<CapturedRecord> read_captured_message(std::string_view json);

}  // namespace mr::event
