#pragma once

#include <string>

#include "bench/loadgen/load_run.h"
#include "bench/loadgen/options.h"

namespace mr::bench {

// One run as one JSON object and a line end. bench/README.md explains the fields.
std::string report(const Options& options, const Measurements& seen);

}  // namespace mr::bench
