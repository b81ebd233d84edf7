#pragma once

#include <cstddef>

#include "base/time.h"

// Every bound of the HTTP server and client has its name here.
namespace mr::http {

// The head of a message: request line and headers, up to the empty line. Above: 431.
inline constexpr size_t head_bytes_max = 64 * 1024;
// The request target alone; old clients send events in it (`?data=`). Above: 414.
inline constexpr size_t target_bytes_max = 48 * 1024;
// Header lines of one message. Above: 431.
inline constexpr size_t headers_max = 128;

// What a connection that sent a request lately keeps for the next one, and what it keeps when it
// has been quiet for idle_release: 10,000 idle connections must stay cheap.
inline constexpr size_t receive_bytes_start = 2 * 1024;
inline constexpr size_t receive_bytes_idle = 256;
inline constexpr Millis idle_release{2'000};
// The most that one read takes while a head is being read; more of the body is read into place.
inline constexpr size_t receive_bytes_step = 16 * 1024;
// A declared body is given this much at first and grows as its bytes come, so that a promise of
// 20 MiB costs nothing.
inline constexpr size_t body_bytes_start = 128 * 1024;
// Framing (chunk sizes, extensions, trailers) that a chunked body may add to its payload.
inline constexpr size_t chunk_overhead_bytes_max = 1024 * 1024;
// Responses up to this size leave in one write with their head.
inline constexpr size_t joined_response_bytes_max = 64 * 1024;

// The bounds that a server is made with.
struct ServerLimits {
  size_t connections_max = 20'000;                      // above: 503 and closed
  size_t receive_memory_bytes_max = 512 * 1024 * 1024;  // heads and bodies together; above: 503
  Millis idle_timeout{75'000};                          // between requests: closed silently
  Millis head_timeout{10'000};          // from the first byte of a head to its end: 408
  Millis body_gap_timeout{20'000};      // without a byte of a body: 408
  Millis body_timeout{120'000};         // from the head to the end of the body: 408
  Millis write_timeout{30'000};         // until the peer has taken one piece of the answer: closed
  Millis linger_timeout{15'000};        // reading on after an early refusal, so that it is seen
  size_t linger_bytes_max = 64 * 1024;  // … at most this, after a 413 twice the cap more
};

// A response that our own client reads whole.
inline constexpr size_t client_body_bytes_max = 64 * 1024 * 1024;
inline constexpr size_t client_read_bytes = 32 * 1024;

}  // namespace mr::http
