#pragma once

#include <string_view>

#include "http/request_head.h"
#include "http/response.h"

namespace mr::capture {

// Cross-origin rules of the capture-api contract, section 1: the Origin and the asked headers are
// mirrored, credentials allowed; a fixed list or "*" breaks clients in the field.

// The answer to any OPTIONS request: 200, empty. `methods` is what the path allows. `lasts` lets
// the browser remember it for a quarter of an hour, as RudderStack's clients find it (section 10);
// PostHog's paths say nothing of it.
http::Response preflight(const http::RequestHead& head, std::string_view methods, bool lasts);

// What every other answer carries, errors included. Adds allow-origin only when there is an Origin.
void add_cors_headers(const http::RequestHead& head, http::Response& response);

}  // namespace mr::capture
