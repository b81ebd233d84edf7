#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace mr::bench {

// What a process and all its descendants have used so far, and hold now.
struct TreeUsage {
  double user_seconds = 0;
  double system_seconds = 0;
  double proportional_mib = 0;  // PSS: shared pages are counted once
  double resident_mib = 0;      // RSS, added up
  uint64_t written_bytes = 0;   // that the kernel charged to them for storage
  uint64_t context_switches = 0;
  std::map<std::string, double> cpu_by_role;  // "accept", "pipeline", … or the program's name

  double cpu_seconds() const { return user_seconds + system_seconds; }
};

// Reads /proc; a process that ends meanwhile is left out (its parent keeps its CPU time).
TreeUsage usage_of_tree(int process_id);

// CPU seconds of everything on this machine since it started; time stolen by the host counts.
double machine_busy_seconds();

}  // namespace mr::bench
