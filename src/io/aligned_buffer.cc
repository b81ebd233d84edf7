#include "io/aligned_buffer.h"

#include <sys/mman.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/assert.h"

namespace mr::io {

void AlignedBuffer::Free::operator()(uint8_t* memory) const {
  std::free(memory);
}

void AlignedBuffer::grow(size_t capacity) {
  const size_t wanted = std::max(capacity, 2 * capacity_);
  const bool huge = wanted >= huge_page_bytes / 2;
  const size_t alignment = huge ? huge_page_bytes : direct_alignment;
  const size_t bytes = (wanted + alignment - 1) / alignment * alignment;
  std::unique_ptr<uint8_t, Free> grown(static_cast<uint8_t*>(std::aligned_alloc(alignment, bytes)));
  MR_ASSERT(grown != nullptr);
  // Advice: where the kernel has no huge pages the memory is as good as any.
  if (huge) (void)::madvise(grown.get(), bytes, MADV_HUGEPAGE);
  if (size_ > 0) std::memcpy(grown.get(), memory_.get(), size_);
  memory_ = std::move(grown);
  capacity_ = bytes;
}

void AlignedBuffer::assign_past_cache(ByteView contents) {
  resize(contents.size());
  const uint8_t* from = contents.data();
  uint8_t* to = memory_.get();
  size_t left = contents.size();
#ifdef __SSE2__
  constexpr size_t step = sizeof(__m128i);
  for (; left >= step; left -= step, from += step, to += step) {
    _mm_stream_si128(reinterpret_cast<__m128i*>(to),
                     _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  _mm_sfence();  // before the device, or another thread, is told of it
#endif
  if (left > 0) std::memcpy(to, from, left);
}

}  // namespace mr::io
