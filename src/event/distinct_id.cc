#include "event/distinct_id.h"

#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/envelope.h"

namespace mr::event {

std::string normalise_distinct_id_text(std::string_view text) {
  std::string replaced;
  if (text.find('\0') != std::string_view::npos) {
    for (const char c : text) {
      if (c == '\0') {
        codec::append_code_point(replaced, 0xfffd);
      } else {
        replaced += c;
      }
    }
    text = replaced;
  }
  return std::string(codec::cut_code_points(codec::trim(text), distinct_id_characters_max));
}

std::string normalise_distinct_id(std::string_view raw) {
  if (raw.empty() || json::is_null(raw)) return {};
  std::string scratch;
  if (json::is_string(raw)) return normalise_distinct_id_text(json::text_of(raw, scratch));
  return normalise_distinct_id_text(json::to_plain_text(raw));
}

}  // namespace mr::event
