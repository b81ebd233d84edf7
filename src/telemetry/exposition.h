#pragma once

#include <span>
#include <string>

namespace mr::telemetry {

// Joins several texts in Prometheus' format (as Metrics::render() writes them) into one: the
// samples of one name stand together under its first HELP and TYPE, as the format demands. Lines
// that belong to no name are left out.
std::string merge_expositions(std::span<const std::string> texts);

}  // namespace mr::telemetry
