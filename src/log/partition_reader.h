#pragma once

#include <memory>
#include <optional>

#include "io/world.h"
#include "log/manifest.h"
#include "log/options.h"
#include "log/salvage.h"
#include "log/segment_index.h"
#include "log/segment_scan.h"
#include "log/watermark.h"
#include "stream/stream.h"

namespace mr::log {

// Reads one partition below the writer's watermark, from any process. It follows the writer through
// new segments, restarts and files that were replaced: whenever the generation word changes it
// reads the manifest again and opens files anew. A batch whose checksum fails is read again past
// the page cache before it counts as damaged; its bytes are then copied into quarantine, and the
// range is reported to the caller, who alone may go past it. The same where the disk fails to read
// a part of a segment, and still reads others; a disk that reads nothing is an error (io_failed).
class PartitionReader final : public stream::Reader {
 public:
  PartitionReader(io::World world, io::Path folder, std::unique_ptr<io::SharedPage> page,
                  ReaderOptions options)
      : world_(world), folder_(std::move(folder)), page_(std::move(page)), options_(options) {}

  io::Task<Result<stream::ReadBatch>> read(Offset from, size_t bytes_max,
                                           Instant deadline) override;
  io::Task<Result<Offset>> first_offset() override;
  Offset end_offset() const override;
  io::Task<Result<Offset>> find_time(WallTime time) override;

 private:
  // The segment that is open, and how far it may be read.
  struct OpenSegment {
    SegmentEntry entry;
    std::unique_ptr<io::File> file;
    std::optional<SegmentIndex> index;  // once it was needed; of a sealed segment
  };
  // Bytes of the open segment, kept until the next part is needed.
  struct Chunk {
    std::shared_ptr<const void> memory;
    ByteView bytes;
    uint64_t start = 0;
    ByteView from(uint64_t position) const {
      if (position < start || position >= start + bytes.size()) return {};
      return bytes.subspan(position - start);
    }
  };
  // A checked batch, and how far its records were handed out.
  struct OpenBatch {
    BatchHeader header;
    BatchCursor cursor;
    std::shared_ptr<const void> memory;
    bool holds(Offset from) const { return from >= cursor.passed() && from < header.end_offset(); }
  };
  struct Checked {
    BatchHeader header;
    ByteView bytes;
    std::shared_ptr<const void> memory;
  };
  // What a step towards the next batch came to.
  using Damage = std::optional<stream::DamagedRange>;

  io::Task<Result<void>> refresh();
  bool stale() const;
  io::Task<Result<stream::ReadBatch>> read_visible(Offset from, Offset visible, size_t bytes_max);
  io::Task<Result<Damage>> open_batch(Offset from, size_t bytes_max);
  io::Task<Result<void>> position_at(Offset from);
  io::Task<Result<void>> use_index();
  io::Task<Result<void>> rebuild_index();
  io::Task<Result<void>> jump(Offset from, uint64_t limit);
  io::Task<Result<void>> seek(Offset from, uint64_t limit);
  io::Task<Result<void>> skip_older(WallTime time, uint64_t limit);
  io::Task<Result<void>> seek_time(WallTime time, uint64_t limit);
  io::Task<Result<Offset>> find_time_now(WallTime time);
  io::Task<Result<uint64_t>> limit();
  std::optional<BatchHeader> header_at(ByteView bytes, uint64_t limit) const;
  std::shared_ptr<io::AlignedBuffer> chunk_buffer(uint64_t bytes);
  io::Task<Result<void>> load_chunk(uint64_t bytes);
  io::Task<Result<std::optional<Checked>>> batch_here(uint64_t limit, size_t bytes_max);
  io::Task<Result<std::optional<Checked>>> batch_past_cache(uint64_t limit);
  io::Task<Result<std::unique_ptr<SalvagingFile>>> open_past_cache();
  io::Task<Result<stream::DamagedRange>> damage_here(uint64_t limit);
  bool suspects(const stream::DamagedRange& range) const;
  Damage missing_segment(Offset from) const;
  stream::DamagedRange unreadable(const BatchHeader& header, const Error& why) const;
  SegmentIdentity identity() const { return {segment_->entry.base, segment_->entry.use, true}; }

  io::World world_;
  io::Path folder_;
  std::unique_ptr<io::SharedPage> page_;
  ReaderOptions options_;

  std::optional<Manifest> manifest_;
  std::optional<uint64_t> generation_;  // that of the manifest
  std::optional<OpenSegment> segment_;
  std::optional<OpenBatch> batch_;
  uint64_t position_ = 0;  // where in the open segment the batch at next_ begins
  Offset next_;
  Chunk chunk_;
  // Memory for chunks, used again once no caller holds a batch in it.
  std::vector<std::shared_ptr<io::AlignedBuffer>> buffers_;
  std::optional<stream::DamagedRange> suspected_;  // until a second look finds the same
  size_t batch_bytes_ = 0;  // of the last batch: the next one is likely as long
};

}  // namespace mr::log
