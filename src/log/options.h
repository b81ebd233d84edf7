#pragma once

#include <cstdint>
#include <optional>

#include "io/disk.h"
#include "log/compression.h"
#include "stream/stream.h"

namespace mr::telemetry {
class Logger;
class Metrics;
}  // namespace mr::telemetry

namespace mr::log {

// Mistakes that tests put into the engine to prove that the simulator finds them. All off in
// production, where nothing sets them.
struct PlantedBugs {
  bool acknowledge_before_write = false;  // answer, then write
  bool skip_sync = false;                 // buffered path: no sync after a write
  bool serve_tail_unflushed = false;      // recovery serves what it read without making it durable
  bool skip_checksum = false;             // recovery believes any header
  bool believe_second_sync = false;       // after a failed sync, sync again and go on
  bool repair_in_place = false;           // buffered recovery rewrites the segment itself
  bool accept_beyond_cut = false;         // truncate_to is forgotten
  bool keep_torn_tail = false;            // recovery does not cut a batch that is not whole
  bool trust_page_cache = false;          // buffered recovery syncs what it read and serves it
  bool write_while_read = false;          // a batch made ahead overwrites what the device reads
  bool ignore_epoch = false;              // a batch of any use of the file counts, by its checksum
};

// What a partition keeps. Segments go whole and oldest first, never the one that is written; none
// goes that a registered consumer has not finished, unless that is overridden.
struct Retention {
  uint64_t bytes_max = 0;  // of all segments together; 0: no limit
  Millis age_max{0};       // of a segment's youngest record; 0: no limit
  // Remove what a consumer still needs. Each segment lost to it so is counted and logged.
  bool override_consumers = false;

  bool limited() const { return bytes_max > 0 || age_max > Millis{0}; }
};

struct ReaderOptions {
  // May be null.
  telemetry::Logger* logger = nullptr;
};

struct AppenderOptions {
  stream::Visibility visibility = stream::Visibility::on_durable;
  // As stream::AppendOptions says.
  std::optional<Offset> truncate_to;

  // The first segment of each opening is small, each further one twice as large, up to the largest
  // (1 GiB at most).
  uint64_t first_segment_bytes = 1024ull * 1024;
  uint64_t segment_bytes_max = 64ull * 1024 * 1024;
  // Where files cannot be opened past the cache, recovery copies the last segment: kept smaller.
  uint64_t buffered_segment_bytes_max = 8ull * 1024 * 1024;

  // Appends that wait for the running commit; more are refused with busy.
  size_t queue_bytes_max = 48ull * 1024 * 1024;
  // A commit gathers appends until it holds this much.
  size_t commit_bytes = 2048ull * 1024;
  // One record's key, value and headers; more is too_large.
  size_t record_bytes_max = stream::record_bytes_max;
  // Below this much free space appends are refused with no_space. Nothing: the smaller of 5 % of
  // the file system and 1 GB.
  std::optional<uint64_t> reserved_bytes;
  Retention retention;
  // none or lz4: of batches that shrink by it. The records stay readable to every version that
  // reads Kafka's batches.
  Codec compression = Codec::none;
  // Past the page cache where the file system can.
  io::Caching caching = io::Caching::direct;
  // 0: an append completes when it is durable. Else it completes when the kernel has it, through
  // the page cache, and the segment is synced so long after: a crash of the process loses nothing,
  // one of the machine loses at most what was answered in this time. Readers see only what is
  // durable. Only with Visibility::on_durable.
  Millis sync_interval{0};

  // Of recovery only, by a writer that knows what it made durable: where the disk has less, the
  // missing offsets are damaged and not given again.
  std::optional<Offset> known_durable_end;

  // May be null.
  telemetry::Logger* logger = nullptr;
  telemetry::Metrics* metrics = nullptr;
  PlantedBugs bugs;
};

}  // namespace mr::log
