#pragma once

#include <cstddef>
#include <string_view>

namespace mr::hog {

// What the lexer's parts ask about single characters.

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
inline bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
inline bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}
inline bool continues_name(char c) {
  return begins_name(c) || is_digit(c);
}
inline bool continues_tag_name(char c) {
  return (continues_name(c) && c != '$') || c == '-';
}

// How many bytes of white space (Unicode's, and the byte order mark) the text begins with; at most
// one character's.
size_t white_space_length(std::string_view text);

}  // namespace mr::hog
