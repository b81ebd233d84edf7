#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/envelope.h"
#include "event/raw_event.h"

namespace mr::event {

// One event of PostHog's v1 wire format (contract: capture section 5), as capture and ingest read
// it.

// What an event's `options` say; what is not there is not set.
struct V1Options {
  std::optional<bool> cookieless_mode;
  std::optional<bool> disable_skew_correction;
  std::optional<bool> process_person_profile;
  std::optional<std::string> product_tour_id;
};

// A truth value as clients write it: a boolean, a number, or one of the usual words in any case.
// Null, blank and empty `raw` leave `flag` unset. False for anything else.
bool read_v1_flag(std::string_view raw, std::optional<bool>& flag);

// Reads the raw value of `options`; an empty one and null set nothing. Nothing when a known option
// cannot be read, or when the value is no object.
std::optional<V1Options> read_v1_options(std::string_view raw);

// Reads a captured v1 event: its properties, over which go those that stand beside them in this
// format: session, window, options, and the library of the envelope's context. `$ai_gateway…` is
// left out, because only a gateway's signature could vouch for it. The event borrows from `value`
// and the envelope.
Result<RawEvent> read_v1_event(const Envelope& envelope, std::string_view value);

}  // namespace mr::event
