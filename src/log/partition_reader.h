#pragma once

#include <memory>
#include <optional>

#include "io/world.h"
#include "log/manifest.h"
#include "log/segment_scan.h"
#include "log/watermark.h"
#include "stream/stream.h"

namespace mr::log {

// Reads one partition below the writer's watermark, from any process. It follows the writer through
// new segments, restarts and files that were replaced: whenever the generation word changes it
// reads the manifest again and opens files anew. A batch whose checksum fails is read again past
// the page cache before it counts as damaged.
class PartitionReader final : public stream::Reader {
 public:
  PartitionReader(io::World world, io::Path folder, std::unique_ptr<io::SharedPage> page)
      : world_(world), folder_(std::move(folder)), page_(std::move(page)) {}

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
  };
  // Bytes of the open segment, kept until the next part is needed.
  struct Chunk {
    std::shared_ptr<const Bytes> memory;
    uint64_t start = 0;
    ByteView from(uint64_t position) const {
      if (memory == nullptr || position < start || position >= start + memory->size()) return {};
      return ByteView(*memory).subspan(position - start);
    }
  };
  struct Batch {
    BatchHeader header;
    ByteView bytes;
    std::shared_ptr<const Bytes> memory;
  };

  io::Task<Result<void>> refresh();
  bool stale() const;
  io::Task<Result<stream::ReadBatch>> read_visible(Offset from, Offset visible, size_t bytes_max);
  io::Task<Result<bool>> read_batch(Offset from, Offset visible, size_t bytes_max,
                                    stream::ReadBatch& out);
  io::Task<Result<void>> position_at(Offset from);
  io::Task<Result<void>> seek(Offset from, uint64_t limit);
  io::Task<Result<uint64_t>> limit();
  io::Task<Result<void>> load_chunk(uint64_t bytes);
  io::Task<Result<Batch>> batch_here(uint64_t limit, size_t bytes_max);
  io::Task<Result<Batch>> batch_past_cache(uint64_t limit);
  SegmentIdentity identity() const { return {segment_->entry.base, segment_->entry.use, true}; }

  io::World world_;
  io::Path folder_;
  std::unique_ptr<io::SharedPage> page_;

  std::optional<Manifest> manifest_;
  std::optional<uint64_t> generation_;  // that of the manifest
  std::optional<OpenSegment> segment_;
  uint64_t position_ = 0;  // where in the open segment the batch at next_ begins
  Offset next_;
  Chunk chunk_;
  std::optional<uint64_t> verified_;  // the position of the batch whose checksum was last checked
};

}  // namespace mr::log
