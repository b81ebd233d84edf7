#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace mr::codec {

// The number that the whole of the text writes in decimal digits, behind a minus or not; nothing
// for any other text and for numbers that the type does not hold.
template <typename Integer = int64_t>
std::optional<Integer> parse_integer(std::string_view text) {
  Integer number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

}  // namespace mr::codec
