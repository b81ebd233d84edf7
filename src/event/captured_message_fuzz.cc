#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "event/captured_message.h"

// Any text is a captured message or refused; what was read is written so that it reads the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto record = mr::event::read_captured_message(mr::as_text({data, size}));
  if (!record) return 0;
  const auto json = mr::event::captured_message_json(record->envelope, record->value);
  MR_ASSERT(json.has_value());
  const auto again = mr::event::read_captured_message(*json);
  MR_ASSERT(again.has_value());
  MR_ASSERT(again->envelope == record->envelope);
  mr::event::captured_message_headers(again->envelope, again->value);
  return 0;
}
