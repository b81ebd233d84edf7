#pragma once

#include "base/error.h"
#include "http/response.h"

namespace mr::serve {

// {"error":{"code":"not_found","message":"…"}} with the status that fits the code.
http::Response api_error(const Error& error);

}  // namespace mr::serve
