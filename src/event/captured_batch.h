#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "codec/uuid.h"
#include "event/envelope.h"
#include "event/lane.h"
#include "event/timestamp.h"

namespace mr::event {

// Makes the identifiers of events that came without one. Owned by the caller, who has the door of
// chance; one loop.
class UuidSource {
 public:
  virtual ~UuidSource() = default;
  // A version 7 identifier whose time is `at`.
  virtual codec::Uuid next(WallTime at) = 0;
};

// Why a whole request is refused: nothing of it was kept. Each is a counter's label.
enum class RefusalReason : uint8_t {
  empty_payload,
  not_form,              // a form body without a `data` field
  damaged_gzip,          // cut off or broken
  not_gzip,              // said to be gzip, and neither gzip nor JSON
  damaged_lz_string,     // not LZString, or cut off
  unsupported_encoding,  // a compression that this path does not read
  decompressed_too_large,
  not_utf8,
  not_json,
  empty_batch,
  too_many_events,
  event_too_large,
  invalid_event,  // not an object, or a field of the wrong kind
  missing_event_name,
  missing_distinct_id,
  invalid_uuid,
  missing_token,
  inconsistent_tokens,
  malformed_token,
  // PostHog's v1:
  missing_headers,
  invalid_header,
  unsupported_content_type,
  damaged_body,   // not what its Content-Encoding says, or cut off
  invalid_batch,  // `created_at` is no time
  missing_uuid,
  duplicate_uuid,
  // Session recordings:
  invalid_session_id,
  missing_snapshot_data,
  // AI events:
  not_ai_event,  // on a path that takes no others
  not_multipart,
  unexpected_part,  // or one that is missing
  not_protobuf,     // damaged, or cut off
};
inline constexpr size_t refusal_reasons = 32;
std::string_view to_string(RefusalReason reason);

struct Refusal {
  int status;  // of HTTP
  RefusalReason reason;
  std::string message;  // one sentence for the client's developer
};

// Why single events of an accepted request are not kept; the wire formats demand a success for
// them. Each is a counter's label.
enum class DropReason : uint8_t {
  performance_event,  // PostHog's `$performance_event`, always filtered
  over_batch_count,   // Segment: behind the 2,500th of a batch; traces: the 10,000th
  segment_unknown_type,
  segment_missing_id,    // neither userId nor anonymousId
  segment_missing_name,  // a track call without `event`
  segment_invalid_item,  // not an object, or a field of the wrong kind
  // PostHog's v1, whose answers use the same words:
  missing_event_name,
  event_name_too_long,
  missing_distinct_id,
  distinct_id_too_large,
  invalid_event_timestamp,
  malformed_event_properties,  // not an object
  invalid_options,
  cookieless_mode_required,  // the cookieless placeholder as distinct id, without the option
  event_too_big,
  ai_event_too_big,
  misrouted_event,  // no AI event, on the path for those
  // Spans of a trace:
  not_ai_span,          // about something else than a language model
  too_many_attributes,  // its own, or its resource's
  over_request_work,    // the request repeats too much for its size (otel_work.h)
  // What the operator decided:
  restricted,
  quota_events,
  quota_exceptions,
  quota_recordings,
  quota_ai,
};
inline constexpr size_t drop_reasons = 25;
std::string_view to_string(DropReason reason);

struct CapturedEvent {
  Envelope envelope;
  std::string_view raw;  // the client's bytes: a slice of the batch's body
  TimeOutcome time_outcome = TimeOutcome::absent;
  std::optional<size_t> report;  // its place among the batch's reports; none where there are none
  // Decided by capture, who knows the operator's rules:
  Lane lane = Lane::main;
  bool forced_overflow = false;  // the record gets no key, so that a crowd spreads
  bool dead_letter = false;      // ingest puts it among the dead letters
};

// What became of one event, for wire formats whose answer tells.
struct EventReport {
  codec::Uuid uuid;
  std::optional<DropReason> dropped;
  bool personless = false;  // kept, but without person processing
};

// One part of a form, for the wire format whose answer lists them.
struct PartReport {
  std::string name;
  size_t length = 0;  // of its content, in bytes
  std::optional<std::string> content_type;
  std::optional<std::string> content_encoding;
};

// What one accepted request brought, all under one token, in the client's order.
struct CapturedBatch {
  std::string token;
  std::vector<CapturedEvent> events;  // may be empty, when all were dropped
  std::vector<EventReport> reports;   // one for each event, where the answer tells; else empty
  std::vector<PartReport> parts;      // of a request that was a form
  bool beacon = false;                // success is answered with 204 and no body
  std::array<uint32_t, drop_reasons> dropped{};
  std::unique_ptr<const std::string> body;  // what `raw` points into; never moves

  uint32_t& count(DropReason reason) { return dropped[static_cast<size_t>(reason)]; }
  // Counts and reports an event that is taken out of `events` by whoever calls this.
  void drop(const CapturedEvent& captured, DropReason reason);
  // Keeps one of the events from persons, and reports that.
  void make_personless(CapturedEvent& captured);
};

using CaptureVerdict = std::expected<CapturedBatch, Refusal>;

inline std::unexpected<Refusal> refuse(int status, RefusalReason reason, std::string message) {
  return std::unexpected<Refusal>({status, reason, std::move(message)});
}

// The limits of a request after decompression; those of the wire are the HTTP server's.
struct CaptureLimits {
  size_t body_bytes_max = 100 * 1024 * 1024;
  size_t event_bytes_max = 1'000'000;  // the broker's message size in the reference
  // Calls of language models carry whole conversations: 8 MiB of properties, and room for the rest.
  size_t ai_event_bytes_max = 8 * 1024 * 1024 + 64 * 1024;
  size_t events_max = 100'000;

  // How large an event of that name may be.
  size_t bytes_max_of(std::string_view event) const;
};

}  // namespace mr::event
