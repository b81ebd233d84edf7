#include "ingest/text_limits.h"

namespace mr::ingest {
namespace {

// Units that the character starting with `lead` counts; 0 for a continuation byte.
size_t units_of(unsigned char lead) {
  if ((lead & 0xC0) == 0x80) return 0;
  return lead >= 0xF0 ? 2 : 1;
}

}  // namespace

size_t utf16_units(std::string_view text) {
  size_t units = 0;
  for (const char c : text) units += units_of(static_cast<unsigned char>(c));
  return units;
}

std::string_view cut_utf16(std::string_view text, size_t units) {
  if (text.size() <= units) return text;
  size_t used = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    used += units_of(static_cast<unsigned char>(text[i]));
    if (used > units) return text.substr(0, i);
  }
  return text;
}

std::string replace_nul(std::string text) {
  for (size_t at = text.find('\0'); at != std::string::npos; at = text.find('\0', at)) {
    text.replace(at, 1, "\xEF\xBF\xBD");
  }
  return text;
}

}  // namespace mr::ingest
