#include "event/distinct_id.h"

#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/envelope.h"

namespace mr::event {

namespace {

// With U+FFFD for NUL; what had to be changed is in `scratch`.
std::string_view without_nul(std::string_view text, std::string& scratch) {
  if (text.find('\0') == std::string_view::npos) return text;
  scratch.clear();
  for (const char c : text) {
    if (c == '\0') {
      codec::append_code_point(scratch, 0xfffd);
    } else {
      scratch += c;
    }
  }
  return scratch;
}

}  // namespace

std::string normalise_distinct_id_text(std::string_view text) {
  std::string scratch;
  return std::string(
      codec::cut_code_points(codec::trim(without_nul(text, scratch)), distinct_id_characters_max));
}

std::string distinct_id_as_sent(std::string_view raw) {
  if (raw.empty() || json::is_null(raw)) return {};
  const std::string text = json::to_plain_text(raw);
  std::string scratch;
  return std::string(
      codec::cut_code_points(without_nul(text, scratch), distinct_id_characters_max));
}

std::string normalise_distinct_id(std::string_view raw) {
  if (raw.empty() || json::is_null(raw)) return {};
  std::string scratch;
  if (json::is_string(raw)) return normalise_distinct_id_text(json::text_of(raw, scratch));
  return normalise_distinct_id_text(json::to_plain_text(raw));
}

}  // namespace mr::event
