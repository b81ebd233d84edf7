#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Lengths as the reference counts them: in UTF-16 code units of valid UTF-8 text.
namespace mr::ingest {

size_t utf16_units(std::string_view text);
// The longest start of `text` with at most `units` code units; no character is cut in two.
std::string_view cut_utf16(std::string_view text, size_t units);
// Every NUL becomes U+FFFD, which every database can store.
std::string replace_nul(std::string text);

}  // namespace mr::ingest
