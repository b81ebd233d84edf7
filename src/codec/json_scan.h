#pragma once

#include <bit>
#include <cstdint>

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

// The first special character from `next` on, or `end`.
inline const char* skip_plain(const char* next, const char* end) {
  for (; end - next >= scan_width; next += scan_width) {
    const uint32_t mask = special_mask(next);
    if (mask != 0) return next + std::countr_zero(mask);
  }
  while (next < end && !is_special(*next)) ++next;
  return next;
}

}  // namespace mr::json
