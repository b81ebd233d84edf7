#pragma once

#include <string>
#include <string_view>

#include "capture/trusted_proxies.h"
#include "http/request_head.h"

namespace mr::capture {

// The client's address as text. When `trusted` has the peer: the leftmost valid one of
// X-Forwarded-For, else of Forwarded, X-Real-Ip and the headers of delivery networks; else `peer`
// (capture-api contract, section 1). Ports and brackets are taken off; what is not an IP address is
// passed over. The view points into the head or into `peer`.
std::string_view client_ip(const http::RequestHead& head, std::string_view peer,
                           const TrustedProxies& trusted);

}  // namespace mr::capture
