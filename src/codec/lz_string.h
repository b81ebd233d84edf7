#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace mr::codec {

enum class LzStringFailure : uint8_t {
  not_lz_string,  // another character than base64's, or a code that cannot be there
  cut_off,        // ends before its end mark
  too_large,      // the content is longer than the caller's cap
};

// One sentence for people.
std::string_view to_string(LzStringFailure failure);

// The text that JavaScript's lz-string packed with compressToBase64(), as UTF-8 of at most
// `content_bytes_max` bytes. The format is LZ78 over UTF-16 units, its codes of growing width
// written from their lowest bit on, six bits a character. Blanks count as the '+' that forms turn
// into them. A surrogate without its other half becomes U+FFFD, as in browsers.
//
// Every code adds an entry as long as its longest and one more, so that few bytes claim much; the
// cap bounds the memory used.
std::expected<std::string, LzStringFailure> lz_string_decode(std::string_view packed,
                                                             size_t content_bytes_max);

}  // namespace mr::codec
