#include "log/segment_file.h"

namespace mr::log {

namespace {

constexpr size_t window_bytes = 1024 * 1024;

}  // namespace

SegmentFile::SegmentFile(std::unique_ptr<io::File> file)
    : file_(std::move(file)), window_(*file_, window_bytes) {
}

io::Task<Result<std::unique_ptr<SegmentFile>>> SegmentFile::open(io::World world, io::Path path) {
  MR_CO_TRY(auto file, co_await world.disk.open(path, {}));
  MR_CO_TRY(const uint64_t size, co_await file->size());
  std::unique_ptr<SegmentFile> opened(new SegmentFile(std::move(file)));
  opened->size_ = size;
  co_return opened;
}

io::Task<Result<std::optional<SegmentFile::Batch>>> SegmentFile::next() {
  std::optional<Batch> none;
  if (position_ + batch_header_bytes > size_) co_return none;
  MR_CO_TRY(ByteView bytes, co_await window_.view(position_, batch_header_bytes));
  const auto header = parse_batch_header(bytes);
  if (!header || header->total_bytes() > size_ - position_) co_return none;
  MR_CO_TRY(bytes, co_await window_.view(position_, header->total_bytes()));
  if (bytes.size() < header->total_bytes()) co_return none;
  const auto memory = std::make_shared<const Bytes>(
      bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(header->total_bytes()));
  Batch batch{position_, *header, batch_checksum_matches(*memory, *header), {}, memory};
  position_ += header->total_bytes();
  if (!batch.whole) co_return std::optional(std::move(batch));
  MR_CO_TRY(DecodedBatch decoded,
            decode_batch(*memory, *header, header->base_offset, header->end_offset()));
  batch.records = std::move(decoded.records);
  if (decoded.memory) batch.memory = std::move(decoded.memory);
  co_return std::optional(std::move(batch));
}

}  // namespace mr::log
