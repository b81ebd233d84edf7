#pragma once

#include <cstdint>

#include "base/strong.h"
#include "ingest/counts.h"

namespace mr::ingest {

// How far ingest has come, for `millrace status`.
struct IngestStatus {
  Offset next;         // the first captured offset that is not ingested
  Offset input_end;    // one past the last captured offset that is visible
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

  int64_t lag() const { return input_end - next; }
};

}  // namespace mr::ingest
