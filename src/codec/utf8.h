#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mr::codec {

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_valid_utf8(std::string_view text);
// The text with a U+FFFD for each byte that belongs to no character.
std::string with_valid_utf8(std::string_view text);

// The lengths and cuts below take valid UTF-8; on anything else they still stay inside the text.

// How many UTF-16 units the text would take (what JavaScript calls its length).
size_t utf16_length(std::string_view text);
size_t code_point_count(std::string_view text);

// The longest prefix of at most `units_max` UTF-16 units that does not split a character.
std::string_view cut_utf16(std::string_view text, size_t units_max);
// The longest prefix of at most `code_points_max` characters.
std::string_view cut_code_points(std::string_view text, size_t code_points_max);

// Without the white space (Unicode's property White_Space) at both ends.
std::string_view trim(std::string_view text);

// The character that two units of UTF-16 stand for together; nothing when they are no pair of
// surrogates.
std::optional<uint32_t> join_surrogates(uint32_t high, uint32_t low);

// A to Z in lower case, everything else as it is.
std::string lower_ascii(std::string_view text);

// Appends the character; a surrogate or a value above U+10FFFF becomes U+FFFD.
void append_code_point(std::string& out, uint32_t code_point);

}  // namespace mr::codec
