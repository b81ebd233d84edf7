#pragma once

#include <cstddef>

#include "base/time.h"

// Every bound of the capture stage has its name here; those of connections are in http/limits.h.
namespace mr::capture {

// On the wire, before decompression (capture-api contract, sections 1, 5 and 10).
inline constexpr size_t posthog_body_bytes_max = 20 * 1024 * 1024;
inline constexpr size_t posthog_decompressed_bytes_max = 100 * 1024 * 1024;
// A form with one AI event, of which far less is taken: the reference once took attachments.
inline constexpr size_t posthog_ai_body_bytes_max = 275 * 1024 * 1024 / 10;
// Traces, on the wire and unpacked: one AI event as large as they may be, also where text that
// holds JSON is escaped in JSON.
inline constexpr size_t posthog_otel_body_bytes_max = 20 * 1024 * 1024;
inline constexpr size_t posthog_v1_body_bytes_max = 10 * 1024 * 1024;
inline constexpr size_t posthog_v1_decompressed_bytes_max = 50 * 1024 * 1024;
// Section 8; unpacked they may be event::recording_bytes_max.
inline constexpr size_t replay_body_bytes_max = 25 * 1024 * 1024;
// Segment's batches end at 500 KB; clients of its dialect (RudderStack's) send up to 4000 KiB.
inline constexpr size_t segment_body_bytes_max = 4000 * 1024;
// What is passed on to the API behind us.
inline constexpr size_t relay_body_bytes_max = 8 * 1024 * 1024;
// Requests to nowhere may be this large and still be told that there is nothing.
inline constexpr size_t other_body_bytes_max = 1024 * 1024;

// Decoded bodies that wait for their commit, together. Above: 503.
inline constexpr size_t pending_bytes_max = 192 * 1024 * 1024;

// Of the process's own socket, which has to answer also while clients have used up all of theirs.
inline constexpr size_t process_connections_max = 256;
inline constexpr size_t process_memory_bytes_max = 16 * 1024 * 1024;

// What Retry-After says, in seconds: a full queue drains fast, a full disk does not.
inline constexpr int retry_after_busy_seconds = 1;
inline constexpr int retry_after_full_seconds = 10;

// How long the answer of a relayed request may take to begin.
inline constexpr Millis relay_timeout{120'000};
// How long another process may take to tell its metrics.
inline constexpr Millis metrics_timeout{300};
inline constexpr size_t metrics_bytes_max = 4 * 1024 * 1024;

}  // namespace mr::capture
