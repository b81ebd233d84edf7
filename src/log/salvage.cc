#include "log/salvage.h"

#include <algorithm>

#include "base/reached.h"
#include "io/aligned_buffer.h"
#include "log/blocks.h"

namespace mr::log {

namespace {

// Of a block that fails: what a disk fails to read now and then must not show as damage.
constexpr int block_tries = 4;

}  // namespace

io::Task<Result<size_t>> SalvagingFile::read_at(uint64_t offset, MutableBytes into) {
  const auto count = co_await file_->read_at(offset, into);
  if (count && *count >= io::direct_alignment) readable_ = offset;
  if (count || count.error().code() != ErrorCode::io_failed) co_return count;
  MR_REACHED("log.reader.salvaged");
  co_return co_await read_blocks(offset, into);
}

io::Task<Result<size_t>> SalvagingFile::read_blocks(uint64_t offset, MutableBytes into) {
  MR_CO_TRY(const uint64_t size, co_await file_->size());
  const size_t wanted = std::min<uint64_t>(into.size(), size - std::min(size, offset));
  for (size_t at = 0; at < wanted;) {
    const size_t to_boundary = io::direct_alignment - (offset + at) % io::direct_alignment;
    const MutableBytes block = into.subspan(at, std::min(to_boundary, into.size() - at));
    auto count = co_await file_->read_at(offset + at, block);
    for (int tries = 1; !count && tries < block_tries; ++tries) {
      count = co_await file_->read_at(offset + at, block);
    }
    if (!count && count.error().code() != ErrorCode::io_failed) co_return count;
    if (count && *count < block.size()) co_return at + *count;
    if (!count) {
      std::fill(block.begin(), block.end(), uint8_t{0});
      unreadable_.insert(block_floor(offset + at));
    }
    if (count && block.size() == io::direct_alignment) readable_ = offset + at;
    at += block.size();
  }
  co_return wanted;
}

bool SalvagingFile::unreadable_in(uint64_t from, uint64_t to) const {
  const auto first = unreadable_.lower_bound(block_floor(from));
  return first != unreadable_.end() && *first < to;
}

io::Task<Result<void>> SalvagingFile::check_disk(io::Disk& disk, io::Path other) {
  std::unique_ptr<io::File> opened;
  if (!readable_) {
    MR_CO_TRY(opened, co_await disk.open(other, {.caching = io::Caching::direct}));
  }
  io::File& file = opened ? *opened : *file_;
  if (file.caching() != io::Caching::direct) {
    co_return fail(ErrorCode::io_failed,
                   "the disk fails to read, and the page cache hides whether it reads anything");
  }
  io::AlignedBuffer block;
  block.resize(io::direct_alignment);
  MR_CO_CHECK(co_await file.read_at(readable_.value_or(0), block.bytes()));
  co_return Result<void>{};
}

}  // namespace mr::log
