#pragma once

#include <cstdint>
#include <string>

namespace mr::bench {

// What the load generator asks the operating system directly. It is an outside observer of the
// server, so the doors of io/ (which exist to be simulated) are not for it.

// Nanoseconds of the monotonic clock.
uint64_t monotonic_nanos();
// Milliseconds since 1970.
int64_t wall_millis();
// User and system CPU seconds of this process so far.
double own_cpu_seconds();
// The whole content of a small file (/proc), empty when it cannot be read.
std::string read_small_file(const std::string& path);
// Appends to a file, made when missing; false when that failed.
bool append_to_file(const std::string& path, const std::string& text);

}  // namespace mr::bench
