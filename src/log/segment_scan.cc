#include "log/segment_scan.h"

#include <algorithm>
#include <cstring>

#include "log/blocks.h"

namespace mr::log {

namespace {

constexpr size_t scan_chunk_bytes = 4 * 1024 * 1024;

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

// The valid batch at `position`, or nothing.
io::Task<Result<std::optional<BatchHeader>>> batch_at(FileWindow& window, SegmentIdentity identity,
                                                      uint64_t position, uint64_t limit) {
  std::optional<BatchHeader> header;
  if (position + batch_header_bytes > limit) co_return header;
  MR_CO_TRY(const ByteView start, co_await window.view(position, batch_header_bytes));
  header = parse_batch_header(start);
  if (!header) co_return header;
  const bool belongs = batch_belongs(*header, identity.use) || !identity.check_use;
  if (!belongs || header->total_bytes() > limit - position) {
    co_return std::optional<BatchHeader>();
  }
  if (!identity.check_crc) co_return header;
  MR_CO_TRY(const ByteView whole, co_await window.view(position, header->total_bytes()));
  if (whole.size() < header->total_bytes() ||
      !batch_checksum_matches(whole.first(header->total_bytes()), *header)) {
    co_return std::optional<BatchHeader>();
  }
  co_return header;
}

}  // namespace

io::Task<Result<ByteView>> FileWindow::view(uint64_t position, size_t bytes) {
  const uint64_t end = start_ + buffer_.size();
  if (position < start_ || position + bytes > end) {
    const uint64_t from = block_floor(position);
    const auto wanted = static_cast<size_t>(block_ceiling(position + bytes) - from);
    // What is here of it already moves to the front; moving is far cheaper than reading again.
    size_t kept = 0;
    if (from >= start_ && from < end) {
      kept = static_cast<size_t>(block_floor(end - from));
      std::memmove(buffer_.data(), buffer_.data() + (from - start_), kept);
    }
    start_ = from;
    buffer_.resize(std::max({chunk_bytes_, wanted, kept + io::direct_alignment}));
    const auto count = co_await file_.read_at(from + kept, buffer_.bytes().subspan(kept));
    if (!count) {
      buffer_.clear();
      co_return fail(count.error());
    }
    buffer_.resize(kept + *count);
  }
  const uint64_t skipped = std::min<uint64_t>(position - start_, buffer_.size());
  co_return buffer_.view().subspan(skipped);
}

io::Task<Result<std::optional<FoundBatch>>> find_next_batch(FileWindow& window,
                                                            SegmentIdentity identity,
                                                            uint64_t position, uint64_t limit,
                                                            Offset offset_min) {
  for (position = block_ceiling(position); position + batch_header_bytes <= limit;
       position += io::direct_alignment) {
    MR_CO_TRY(const auto header, co_await batch_at(window, identity, position, limit));
    if (header && header->base_offset >= offset_min) {
      co_return std::optional(FoundBatch{position, *header});
    }
  }
  co_return std::optional<FoundBatch>();
}

io::Task<Result<SegmentScan>> scan_segment(io::File& file, SegmentIdentity identity, Offset cut) {
  MR_CO_TRY(const uint64_t size, co_await file.size());
  FileWindow window(file, scan_chunk_bytes);
  SegmentScan scan;
  scan.end = identity.base;
  scan.cut_base = identity.base;
  scan.max_timestamp = WallTime{-1};
  for (;;) {
    MR_CO_TRY(auto header, co_await batch_at(window, identity, scan.valid_bytes, size));
    if (!header || (header->base_offset != scan.end && identity.check_use)) {
      if (identity.deferred) break;
      const Offset after = scan.end + 1;
      MR_CO_TRY(const auto later,
                co_await find_next_batch(window, identity, scan.valid_bytes, size, after));
      if (!later) break;
      scan.holes.push_back({scan.end, later->header.base_offset, scan.valid_bytes});
      scan.valid_bytes = later->position;
      header = later->header;
    }
    if (header->base_offset <= cut) {
      scan.cut_position = scan.valid_bytes;
      scan.cut_base = header->base_offset;
    }
    scan.valid_bytes += header->total_bytes();
    scan.end = header->end_offset();
    if (scan.end <= cut) {
      scan.cut_position = scan.valid_bytes;
      scan.cut_base = scan.end;
    }
    scan.max_timestamp = std::max(scan.max_timestamp, header->max_timestamp);
    ++scan.batches;
  }
  MR_CO_TRY(const ByteView after, co_await window.view(scan.valid_bytes, batch_header_bytes));
  if (identity.recycled) {
    const auto begun = parse_batch_header(after);
    scan.torn = begun && batch_belongs(*begun, identity.use);
  } else {
    scan.torn = !all_zero(after.first(std::min<size_t>(after.size(), io::direct_alignment)));
  }
  co_return scan;
}

}  // namespace mr::log
