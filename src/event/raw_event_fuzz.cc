#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "event/captured_message.h"
#include "event/event_row.h"
#include "event/raw_event.h"

// Any value is read or refused; what was read makes a well-formed row and message.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mr::event;
  if (size == 0) return 0;
  Envelope envelope;
  envelope.dialect = static_cast<Dialect>(1 + data[0] % 3);
  envelope.event = "e";
  envelope.distinct_id = "u";
  envelope.ip = "192.0.2.7";
  const std::string_view value = mr::as_text({data + 1, size - 1});
  auto event = read_raw_event(envelope, value);
  if (!event) return 0;
  event->set.set("k", "1");
  store_person_properties(*event);
  EventRow row;
  row.properties = event->properties.to_json();
  MR_ASSERT(mr::json::is_valid(row.properties));
  row.person_properties = event->set.to_json();
  MR_ASSERT(mr::json::is_valid(row.to_json()));
  const auto message = captured_message_json(envelope, value);
  MR_ASSERT(message.has_value());
  MR_ASSERT(mr::json::is_valid(*message));
  return 0;
}
