#include <simdjson.h>

#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/bytes.h"
#include "codec/json_object.h"
#include "codec/json_text.h"

// Whatever the bytes: no crash, the same verdict as simdjson (but for numbers and surrogates that
// it cannot hold), and an object that is read, written and read again stays the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = mr::as_text({data, size});
  const bool valid = mr::json::is_valid(text);
  if (!text.starts_with("\xef\xbb\xbf")) {
    simdjson::dom::parser parser;
    simdjson::dom::element element;
    const auto verdict = parser.parse(data, size).get(element);
    if (verdict == simdjson::SUCCESS) MR_ASSERT(valid);
    if (valid) {
      MR_ASSERT(verdict == simdjson::SUCCESS || verdict == simdjson::NUMBER_ERROR ||
                verdict == simdjson::STRING_ERROR || verdict == simdjson::DEPTH_ERROR);
    }
  }
  const auto object = mr::json::Object::parse(text);
  if (!object) return 0;
  MR_ASSERT(valid);
  const std::string written = object->to_json();
  const auto again = mr::json::Object::parse(written);
  MR_ASSERT(again.has_value());
  MR_ASSERT(again->to_json() == written);
  for (const mr::json::Member& member : *object) {
    MR_ASSERT(again->find(member.key) == member.raw);
    std::string compact;
    mr::json::append_compact(compact, member.raw);
    MR_ASSERT(mr::json::is_valid(compact));
  }
  return 0;
}
