#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "event/segment_call.h"

namespace mr::event {

// What a path asks for in Segment's wire format, which RudderStack and Jitsu speak too.
struct SegmentEndpoint {
  // The call of every item that names none; nothing for batches, whose items name theirs.
  std::optional<SegmentCall> call;
  bool is_import = false;  // history: the events are marked so
  // One call, whose type stands in the body (Jitsu's "event").
  bool type_in_body = false;
  // The call is the query string of a GET, and the answer a picture.
  bool is_pixel = false;
  // Who sends this: the user's own device, whose address is the user's, or a server. Neither: it
  // has to be seen from the call.
  bool from_device = false;
  bool from_server = false;
  // An address that the call itself names is not believed (Jitsu, of browsers).
  bool overrides_ip = false;

  bool is_single() const { return call.has_value() || type_in_body; }
};

// Below /v1/: Segment's and RudderStack's "batch", "b", "import", "track", "t", …, "merge".
std::optional<SegmentEndpoint> segment_endpoint_of_path(std::string_view path);

// RudderStack's own: "/beacon/v1/batch", "/pixel/v1/track", "/pixel/v1/page".
std::optional<SegmentEndpoint> rudder_endpoint_of_path(std::string_view path);

// Jitsu's own: "/api/s/TYPE" (browsers), "/api/s/s2s/TYPE", "/api/s/s2s/batch", "/api/px/TYPE",
// "/batch" and "/b". TYPE is a call's name, its first letter, "event" or "e".
std::optional<SegmentEndpoint> jitsu_endpoint_of_path(std::string_view path);

// All of these take one slash at the path's end.

}  // namespace mr::event
