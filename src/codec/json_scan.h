#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace mr::json {

// What a JSON string cannot simply contain: quote, backslash and control characters. Inner to the
// .cc files of this folder.
inline bool is_special(char c) {
  return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

inline constexpr int scan_width = 16;

// One bit for each special character among the scan_width ones at `next`.
inline uint32_t special_mask(const char* next) {
#if defined(__SSE2__)
  const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(next));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(chunk, _mm_set1_epi8(0x1f)), chunk);
  const __m128i special = _mm_or_si128(_mm_cmpeq_epi8(chunk, _mm_set1_epi8('"')),
                                       _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\\')));
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_or_si128(special, control)));
#else
  uint32_t mask = 0;
  for (int i = 0; i < scan_width; ++i) mask |= static_cast<uint32_t>(is_special(next[i])) << i;
  return mask;
#endif
}

// Finds the special characters of one text, asked from front to back. Marks are made for 64
// characters at a time and kept, so that the many short strings of an event cost a shift each.
class SpecialFinder {
 public:
  explicit SpecialFinder(std::string_view text)
      : block_(text.data()), end_(text.data() + text.size()) {
    mark();
  }

  // The first special character at or behind `from`, which lies in the text; or the text's end.
  const char* find(const char* from) {
    const auto offset = static_cast<size_t>(from - block_);
    const uint64_t left = offset < block_width ? marks_ >> offset : 0;
    return left != 0 ? from + std::countr_zero(left) : find_in_later_blocks(from);
  }

 private:
  static constexpr size_t block_width = 64;
  static_assert(block_width % scan_width == 0);

  const char* find_in_later_blocks(const char* from);
  void mark();
  const char* block_end() const {
    return static_cast<size_t>(end_ - block_) < block_width ? end_ : block_ + block_width;
  }

  const char* block_;
  const char* end_;
  uint64_t marks_ = 0;  // of the block_width characters from block_ on
};

}  // namespace mr::json
