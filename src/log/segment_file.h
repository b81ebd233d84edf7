#pragma once

#include <memory>
#include <optional>

#include "io/world.h"
#include "log/segment_scan.h"

namespace mr::log {

// Walks the batches of one segment file by itself, without its partition: ours, or one that a Kafka
// broker wrote. What only the manifest knows (the use of the file, where it ends) is not checked;
// checksums are.
class SegmentFile {
 public:
  // A batch as it lies in the file.
  struct Batch {
    uint64_t position = 0;
    BatchHeader header;
    bool whole = true;  // false: the checksum fails; there are no records then
    std::vector<stream::Record> records;
    std::shared_ptr<const void> memory;  // of the records
  };

  // Errors: not_found, io_failed.
  static io::Task<Result<std::unique_ptr<SegmentFile>>> open(io::World world, io::Path path);

  // The next batch, or nothing where none begins any more: at the end, or at the first byte that is
  // not a batch's (position() says where). Errors: unsupported (a compression that we do not read),
  // corrupt (a batch whose checksum holds and whose records contradict it), io_failed.
  io::Task<Result<std::optional<Batch>>> next();
  uint64_t position() const { return position_; }
  uint64_t size() const { return size_; }

 private:
  explicit SegmentFile(std::unique_ptr<io::File> file);

  std::unique_ptr<io::File> file_;
  FileWindow window_;
  uint64_t position_ = 0;
  uint64_t size_ = 0;
};

}  // namespace mr::log
