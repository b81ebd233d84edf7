#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "event/captured_batch.h"

namespace mr::event {

// The call that the query string of a tracking pixel stands for (contract: capture section 10).
// Nothing was sent as JSON, so this text is what is kept of it.

struct Pixel {
  std::string call;       // a JSON object
  std::string write_key;  // from `writeKey` or `writekey`; not part of the call
};

// Each field becomes a text under its name; dots nest ("context.page.url"), quotes around
// `anonymousId` are taken off, a page's empty `name` becomes "Unknown Page". `type`, when the path
// names one, replaces the field of that name. `data`, as Jitsu has it, is a whole call in base64,
// which the other fields are put over; its settings of cookies and redirects are passed over.
// Refuses with 400 a `data` that is no object in JSON, and what is not UTF-8.
std::expected<Pixel, Refusal> read_pixel(std::string_view query, std::string_view type);

// Names with more steps than this are taken as one name from there on.
inline constexpr size_t pixel_steps_max = 8;

// A transparent picture of one pixel, which is the answer.
std::string_view pixel_gif();

}  // namespace mr::event
