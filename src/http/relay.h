#pragma once

#include "base/time.h"
#include "http/response.h"
#include "io/network.h"

namespace mr::http {

// Passes `request` on to the server at `to` and its answer back as it comes: method, target, body
// and all headers but those of the connection itself. Waits `timeout` for the answer's head. When
// the other side cannot be reached or does not answer, the response is a 503 (504 when late) with
// a JSON body {"error": …}.
io::Task<Response> relay(io::Network& network, io::Clock& clock, io::Address to, Request request,
                         Millis timeout);

}  // namespace mr::http
