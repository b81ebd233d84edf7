#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mr::codec {

// Bodies of the type multipart/form-data (RFC 7578, in the framing of RFC 2046): several named
// parts, each with headers of its own, between lines of a boundary that the Content-Type names.

// One part. Headers that it has not are absent; the content lies in the body that was split.
struct Part {
  std::string name;  // of the form's field
  std::optional<std::string> content_type;
  std::optional<std::string> content_encoding;
  std::string_view content;
};

// Whether a Content-Type says multipart/form-data, in any case.
bool is_multipart_form(std::string_view content_type);

// The parameter `boundary` of such a Content-Type: 1 to 70 visible characters, quoted or not.
std::optional<std::string> multipart_boundary(std::string_view content_type);

// Larger heads of parts are refused.
inline constexpr size_t part_head_bytes_max = 8 * 1024;

// The parts in their order. What stands before the first boundary and behind the last one is not
// looked at. Errors: invalid_input for a body that does not end with its closing boundary, for more
// than `parts_max` parts, and for a part whose head cannot be read or has no name.
Result<std::vector<Part>> split_multipart(std::string_view body, std::string_view boundary,
                                          size_t parts_max);

}  // namespace mr::codec
