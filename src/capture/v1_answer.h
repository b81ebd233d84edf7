#pragma once

#include <string>
#include <string_view>

#include "capture/answer.h"
#include "http/request_head.h"
#include "http/response.h"

namespace mr::capture {

// The words of PostHog's v1 (contract: capture section 5): a result for each event, or
// {"error","error_description","error_uri"} with a tag from its list.
http::Response v1_response(const Outcome& outcome);

// Repeats the client's PostHog-Request-Id, by which it knows what was answered.
void echo_request_id(const http::RequestHead& head, http::Response& response);

// The tag under which v1 names a reason of ours.
std::string_view v1_tag(int status, std::string_view reason);

}  // namespace mr::capture
