#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "codec/uuid.h"

namespace mr::event {

// Which client family wrote the event's bytes, and so how ingest reads them.
enum class Dialect : uint8_t { posthog = 1, segment = 2, posthog_v1 = 3, replay = 4 };
std::string_view to_string(Dialect dialect);

// What capture found out about an event, beside the event's own bytes: enough to route, order and
// account for it without reading them. It travels as the record header `envelope` of the topic
// `captured` (docs/formats/captured.md).
struct Envelope {
  Dialect dialect = Dialect::posthog;
  codec::Uuid uuid;
  std::string event;        // the event's name; for Segment calls the mapped one
  std::string distinct_id;  // as text, trimmed, at most distinct_id_characters_max
  std::string token;
  std::string ip;  // the client's address; empty when unknown
  WallTime arrival;
  std::optional<WallTime> sent_at;  // the client's clock when it sent
  WallTime timestamp;               // when it happened, corrected
  bool historical = false;          // the batch was marked as an import
  bool cookieless = false;          // the distinct id is to be derived later
  bool personless = false;          // must leave no trace on a person, whatever it asks for
  bool packed = false;              // the value is gzip of the client's bytes (recording.h)
  // What the request says beside the event, as a JSON object: Segment's `context` of the batch, the
  // properties that the headers of PostHog's v1 stand for, or what a recording says of its session
  // (recording.h). Empty when there is nothing.
  std::string context;

  bool operator==(const Envelope&) const = default;
};

// The address of events that a client marks as its maker's own (`capture_internal`).
inline constexpr std::string_view internal_ip = "127.0.0.1";

// The name of the record header that holds it.
inline constexpr std::string_view envelope_header = "envelope";

// The name (and text) of the record header of an event that is to become a dead letter, because the
// operator says so.
inline constexpr std::string_view restricted_header = "restricted";

// Longer distinct ids are cut to this many characters.
inline constexpr size_t distinct_id_characters_max = 200;

// The binary form, whole in itself.
Bytes encode_envelope(const Envelope& envelope);
// What the binary form may leave out.
enum class EnvelopeForm : uint8_t {
  whole,
  beside_key,  // its record has record_key() as its key: token and distinct id are read from that
};
// Writes the form at `out`, where envelope_bytes_max() bytes have room; returns one past the last.
uint8_t* write_envelope(const Envelope& envelope, EnvelopeForm form, uint8_t* out);
size_t envelope_bytes_max(const Envelope& envelope);

// Reads either form; `key` is the record's, which the shorter one needs. Errors: unsupported (a
// version or flag of a newer program), corrupt (anything else).
Result<Envelope> decode_envelope(ByteView bytes, ByteView key = {});

// The record's key: `token:distinct_id`, or `token:ip` for a cookieless event; for a recording its
// session id. Events with the same key keep their order.
std::string record_key(const Envelope& envelope);
// The same at `out`, where record_key_bytes_max() bytes have room; returns one past the last one.
uint8_t* write_record_key(const Envelope& envelope, uint8_t* out);
size_t record_key_bytes_max(const Envelope& envelope);

}  // namespace mr::event
