#pragma once

#include <cstdint>

#include "telemetry/metrics.h"

namespace mr::telemetry {

// What the kernel says about this process.
struct ProcessStatus {
  uint64_t resident_bytes = 0;
  double processor_seconds = 0;  // user and system
  uint64_t open_files = 0;
};

// Reads /proc/self; zeros where that fails.
ProcessStatus read_process_status();

// The same as gauges millrace_process_…{process="accept"}; call before rendering.
void publish_process_status(Metrics& metrics, std::string_view process);

}  // namespace mr::telemetry
