#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/strong.h"
#include "ingest/counts.h"

namespace mr::ingest {

// How far ingest has come, for `millrace status`.
struct IngestStatus {
  struct Input {
    std::string topic;
    int32_t partition = 0;
    Offset next;  // the first captured offset that is not ingested
    Offset end;   // one past the last captured offset that is visible
  };
  std::vector<Input> inputs;
  Offset events_next;  // the committed end of `events`
  // Since the data directory was made: "in", and by fate "stored", "duplicate", "dropped:<reason>",
  // "dead_lettered:<reason>", whose sum it is; besides "persons_created", "persons_merged",
  // "warning:<type>" and "group_types_ignored".
  Counts totals;
  uint64_t duplicate_hashes = 0;
  uint64_t duplicate_memory_bytes = 0;
  uint64_t duplicates_forgotten = 0;
  uint64_t cached_distinct_ids = 0;
  uint64_t cached_person_bytes = 0;

  // Captured records that are not ingested yet, in all partitions.
  int64_t lag() const {
    int64_t sum = 0;
    for (const Input& input : inputs) sum += input.end - input.next;
    return sum;
  }
};

}  // namespace mr::ingest
