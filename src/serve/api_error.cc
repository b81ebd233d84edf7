#include "serve/api_error.h"

#include "codec/json_object.h"

namespace mr::serve {

namespace {

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_input:
      return 400;
    case ErrorCode::unauthorized:
      return 403;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::already_exists:
      return 409;
    case ErrorCode::too_large:
      return 413;
    case ErrorCode::timed_out:
      return 504;
    case ErrorCode::busy:
    case ErrorCode::no_space:
    case ErrorCode::closed:
      return 503;
    case ErrorCode::unsupported:
    case ErrorCode::corrupt:
    case ErrorCode::io_failed:
    case ErrorCode::failed:
      break;
  }
  return 500;
}

}  // namespace

http::Response api_error(const Error& error) {
  json::Object inner;
  inner.set_text("code", to_string(error.code()));
  inner.set_text("message", error.message());
  json::Object outer;
  outer.set("error", inner.to_json());
  return http::Response::json(status_of(error.code()), outer.to_json());
}

}  // namespace mr::serve
