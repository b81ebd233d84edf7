#pragma once

#include <memory>
#include <optional>
#include <set>

#include "io/disk.h"

namespace mr::log {

// A file in which what the disk fails to read reads as zeros, block by block. A batch whose bytes
// are not those that were written fails its checksum, so that an unreadable sector shows as damage
// of the batches that lie on it, and of nothing else. For readers; whoever decides what a log holds
// has to stop at such a failure instead.
class SalvagingFile final : public io::File {
 public:
  explicit SalvagingFile(std::unique_ptr<io::File> file) : file_(std::move(file)) {}

  // Whether a block of that range was read as zeros.
  bool unreadable_in(uint64_t from, uint64_t to) const;

  // Told apart from a disk that reads nothing any more, which has damaged nothing: whether one does
  // read, past the page cache, a block of this file that it read before, or else the file `other`.
  // Errors: io_failed, also where there is no way past the cache.
  io::Task<Result<void>> check_disk(io::Disk& disk, io::Path other);

  io::Task<Result<size_t>> read_at(uint64_t offset, MutableBytes into) override;

  io::Caching caching() const override { return file_->caching(); }
  io::Task<Result<void>> write_at(uint64_t offset, ByteView data) override {
    return file_->write_at(offset, data);
  }
  io::Task<Result<void>> sync_data() override { return file_->sync_data(); }
  io::Task<Result<void>> truncate(uint64_t size) override { return file_->truncate(size); }
  io::Task<Result<void>> preallocate(uint64_t size) override { return file_->preallocate(size); }
  io::Task<Result<uint64_t>> size() override { return file_->size(); }

 private:
  io::Task<Result<size_t>> read_blocks(uint64_t offset, MutableBytes into);

  std::unique_ptr<io::File> file_;
  std::set<uint64_t> unreadable_;  // where the blocks begin
  // Where as much as a block was read; of a direct file, at a block's boundary.
  std::optional<uint64_t> readable_;
};

}  // namespace mr::log
