#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/envelope.h"

namespace mr::event {

// The name under which a request of session recordings travels (contract: capture section 8).
inline constexpr std::string_view snapshot_items_event = "$snapshot_items";

// What a request to /s says about all of its snapshots; its first item speaks for it. It travels as
// the context of the envelope, a JSON object with the names that the properties have.
struct RecordingContext {
  std::string session_id;
  std::string window_id;
  std::string snapshot_source;
  std::string lib;
  std::optional<std::string> snapshot_host;
};
std::string recording_context_json(const RecordingContext& context);
// Errors: invalid_input when it is no object or has no session id.
Result<RecordingContext> read_recording_context(std::string_view json);

// A session id as clients may choose it: 1 to 70 letters, digits and hyphens.
bool is_session_id(std::string_view text);

// The most that a request to /s may hold after decompression.
inline constexpr size_t recording_bytes_max = 125 * 1024 * 1024;
// Above this a recording is kept packed, since a record of the log ends at
// stream::record_bytes_max.
inline constexpr size_t recording_plain_bytes_max = 24 * 1024 * 1024;
// The value under which a large recording is kept; its envelope says `packed`. Takes a second or so
// for the largest, and some more where the fastest way leaves too much.
std::string pack_recording(std::string_view value);
// What the client sent, whether the record's value is packed or not. The answer lies in the value
// or in `memory`, which it needs for as long as it is used. Errors: corrupt when it cannot be
// unpacked.
Result<std::string_view> open_recording(const Envelope& envelope, std::string_view value,
                                        std::string& memory);

// What rrweb recorded, in order: the exact texts of all snapshots in an opened
// recording, which is what the client sent to /s, or the `data` of a message that was made of it.
// Errors: invalid_input when the value is neither.
Result<std::vector<std::string_view>> snapshots_of(std::string_view value);

}  // namespace mr::event
