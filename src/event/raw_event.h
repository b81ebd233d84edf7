#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "codec/json_object.h"
#include "codec/uuid.h"
#include "event/envelope.h"

namespace mr::event {

// An event as ingest works on it, the same for every client family. Made from a captured record;
// the objects borrow from the record's value, which must outlive the event (copies own their text).
struct RawEvent {
  std::string event;
  std::string distinct_id;
  codec::Uuid uuid;
  WallTime timestamp;
  WallTime arrival;
  bool historical = false;
  bool cookieless = false;
  bool personless = false;
  // With `$ip` filled from the envelope when the client sent none, and `$sent_at`. It still holds
  // `$set`, `$set_once` and `$unset`, the first two merged with the ones beside the properties
  // (which win key by key).
  json::Object properties;
  // What the properties hold under those names, where it has the right kind; else empty.
  json::Object set;
  json::Object set_once;
  std::vector<std::string> unset;
};

// Reads the value of a captured record by the envelope's dialect. Errors: invalid_input when the
// value is not what capture would have accepted.
Result<RawEvent> read_raw_event(const Envelope& envelope, std::string_view value);

// Puts `set` and `set_once` back into the properties after they were changed: each under its name
// when it is not empty, and otherwise as it was.
void store_person_properties(RawEvent& event);

// The last step of every dialect's reader: fills `$ip`, `$sent_at` and the fields that are read
// from the properties. `top_set` and `top_set_once` are the ones from beside the properties, raw or
// empty.
void finish_raw_event(const Envelope& envelope, std::string_view top_set,
                      std::string_view top_set_once, RawEvent& event);

}  // namespace mr::event
