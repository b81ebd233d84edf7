#pragma once

#include <cstdint>
#include <cstdlib>

// For tests only: how a person asks a simulation for more seeds, for one, or for a trace.
namespace mr::sim {

// The number in an environment variable (MR_SIM_SEEDS, MR_SIM_SEED, …), or `otherwise`.
inline uint64_t number_from_environment(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace mr::sim
