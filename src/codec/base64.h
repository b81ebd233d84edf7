#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mr::codec {

// The digits of RFC 4648 section 4, each at its value.
inline constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// RFC 4648 section 4, with padding.
std::string base64_encode(std::string_view bytes);

// Lenient: the standard and the URL-safe alphabet (mixed if need be), with or without padding,
// blanks and line ends anywhere. Nothing if another character appears, if something follows the
// padding, or if a lone digit is left over.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace mr::codec
