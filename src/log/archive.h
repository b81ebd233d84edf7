#pragma once

#include <memory>
#include <optional>
#include <string>

#include "io/signal.h"
#include "io/world.h"
#include "log/batch_builder.h"
#include "log/manifest.h"
#include "log/segment_index.h"
#include "stream/log.h"

namespace mr::telemetry {
class Logger;
}

namespace mr::log {

struct ArchiveStatus {
  uint64_t segments = 0;
  uint64_t records = 0;
  uint64_t source_bytes = 0;
  uint64_t archived_bytes = 0;
  uint64_t damaged_records = 0;  // could not be read, so they are not in the archive
};

// Copies the sealed segments of one partition of the embedded log into an archive folder that
// keeps them for ever, compressed with zstd. The folder is itself a partition: readers, `verify`
// and Kafka's tools read it. Retention waits for it as for a consumer with the name "archive".
//
// A segment is in the archive once the archive's manifest names it, which happens after its file is
// durable: a crash at any moment costs one segment's work. Belongs to one loop.
class Archiver {
 public:
  // Both are partition folders.
  Archiver(io::World world, io::Path source, io::Path archive, telemetry::Logger* logger)
      : world_(world),
        source_(std::move(source)),
        archive_(std::move(archive)),
        logger_(logger),
        stop_asked_(world.loop) {}

  // Takes the archive's lock, and the place from which on retention keeps the partition. Call once.
  // Where the archive ends below the partition's first record, what lies between is damaged in it
  // from now on, and said so. Errors: busy (another process archives), corrupt, unsupported (the
  // archive's manifest), no_space, io_failed.
  io::Task<Result<void>> open(std::unique_ptr<stream::Reader> reader, stream::Log& log,
                              stream::TopicPartition which);

  // Archives what is sealed and not yet there. Errors: no_space, io_failed; calling again is right.
  io::Task<Result<void>> archive_sealed();

  // Does so now and then until stop(); failures are logged and tried again.
  io::Task<void> run();
  void stop();

  // One past the last archived offset.
  Offset end() const {
    return manifest_.segments.empty() ? Offset() : manifest_.segments.back().end;
  }
  const ArchiveStatus& status() const { return status_; }

  // How much of the log goes into one compressed batch.
  static constexpr size_t batch_bytes = 1024 * 1024;

 private:
  // A segment of the archive while it is made.
  struct Making {
    std::unique_ptr<io::File> file;
    SegmentEntry entry;
    uint64_t position = 0;
    SegmentIndexBuilder index;
    BatchBuilder batch;
    Offset batch_base;
  };

  io::Task<Result<void>> archive_segment(SegmentEntry source);
  io::Task<Result<void>> fill(Making& making, Offset end);
  io::Task<Result<void>> write_batch(Making& making);
  io::Task<Result<void>> publish(Making& making);
  io::Task<Result<void>> pass_gap(Offset first);
  io::Task<Result<void>> save(Manifest next);
  void skip_damage(Making& making, const stream::DamagedRange& damaged);
  void show() const;

  io::World world_;
  io::Path source_;
  io::Path archive_;
  telemetry::Logger* logger_;
  std::unique_ptr<stream::Reader> reader_;
  std::unique_ptr<stream::Consumer> consumer_;
  std::unique_ptr<io::DiskLock> lock_;
  std::unique_ptr<io::SharedPage> page_;
  Manifest manifest_;
  ArchiveStatus status_;
  bool stopping_ = false;
  io::Signal stop_asked_;
};

}  // namespace mr::log
