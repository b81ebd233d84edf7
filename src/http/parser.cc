#include "http/parser.h"

#include <http_parser.h>

#include <cstring>

#include "base/assert.h"
#include "http/limits.h"
#include "http/text.h"

namespace mr::http {
namespace {

http_parser* parser_of(unsigned char* state) {
  return reinterpret_cast<http_parser*>(state);
}

// A header name is a token (RFC 9110 5.6.2). Debian builds the parser without its strict mode, so
// it lets blanks in names through, which proxies in front of us may read differently.
bool is_token_char(char c) {
  if (c >= '0' && c <= '9') return true;
  if (to_lower(c) >= 'a' && to_lower(c) <= 'z') return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

Method method_of(unsigned int method) {
  switch (method) {
    case HTTP_GET:
      return Method::get;
    case HTTP_HEAD:
      return Method::head;
    case HTTP_POST:
      return Method::post;
    case HTTP_PUT:
      return Method::put;
    case HTTP_PATCH:
      return Method::patch;
    case HTTP_DELETE:
      return Method::remove;
    case HTTP_OPTIONS:
      return Method::options;
    default:
      return Method::other;
  }
}

}  // namespace

struct RequestCallbacks {
  static RequestParser& self(http_parser* parser) {
    return *static_cast<RequestParser*>(parser->data);
  }
  static int url(http_parser* parser, const char* at, size_t length) {
    RequestParser& request = self(parser);
    const bool first = request.target_.end == 0;
    return request.extend(request.target_, at, length, first) ? 0 : 1;
  }
  static int header_name(http_parser* parser, const char* at, size_t length) {
    RequestParser& request = self(parser);
    const bool first = request.last_was_value_;
    if (first) {
      if (request.pieces_.size() >= headers_max) {
        request.too_many_headers_ = true;
        return 1;
      }
      request.pieces_.emplace_back();
    }
    request.last_was_value_ = false;
    return request.extend(request.pieces_.back().name, at, length, first) ? 0 : 1;
  }
  static int header_value(http_parser* parser, const char* at, size_t length) {
    RequestParser& request = self(parser);
    const bool first = !request.last_was_value_;
    request.last_was_value_ = true;
    return request.extend(request.pieces_.back().value, at, length, first) ? 0 : 1;
  }
  static int headers_complete(http_parser* parser) {
    http_parser_pause(parser, 1);
    return 0;
  }
  static const http_parser_settings& settings() {
    static constexpr http_parser_settings callbacks = {
        nullptr,          url,     nullptr, header_name, header_value,
        headers_complete, nullptr, nullptr, nullptr,     nullptr};
    return callbacks;
  }
};

void RequestParser::reset() {
  static_assert(sizeof(http_parser) <= state_bytes);
  http_parser_init(parser_of(state_), HTTP_REQUEST);
  last_was_value_ = true;
  folded_ = false;
  too_many_headers_ = false;
  parsed_ = 0;
  head_bytes_ = 0;
  target_ = {};
  pieces_.clear();
  std::vector<Header> headers = std::move(head_.headers);
  headers.clear();
  head_ = RequestHead();
  head_.headers = std::move(headers);
}

void RequestParser::release_memory() {
  pieces_ = {};
  head_.headers = {};
}

bool RequestParser::extend(Piece& piece, const char* at, size_t length, bool first) {
  const auto begin = static_cast<uint32_t>(at - base_);
  if (first) {
    piece.begin = begin;
  } else if (piece.end != begin) {
    // A value that goes on after a line break (obs-fold) is not one piece: RFC 9112 5.2 lets a
    // server refuse it, and no client in the field sends it.
    folded_ = true;
    return false;
  }
  piece.end = begin + static_cast<uint32_t>(length);
  return true;
}

RequestParser::Progress RequestParser::fail_with(int status, std::string_view reason) {
  failure_ = {status, reason};
  return Progress::failed;
}

RequestParser::Progress RequestParser::fail_by_parser() {
  if (folded_) return fail_with(400, "a header value goes on over several lines");
  if (too_many_headers_) return fail_with(431, "the request has too many headers");
  switch (HTTP_PARSER_ERRNO(parser_of(state_))) {
    case HPE_HEADER_OVERFLOW:
      return fail_with(431, "the request's headers are too large");
    case HPE_INVALID_VERSION:
      return fail_with(505, "the HTTP version is not understood");
    case HPE_INVALID_METHOD:
      return fail_with(400, "the request method is not understood");
    case HPE_INVALID_CONTENT_LENGTH:
      return fail_with(400, "Content-Length is not one number");
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      return fail_with(400, "Content-Length contradicts itself or Transfer-Encoding");
    case HPE_INVALID_TRANSFER_ENCODING:
      return fail_with(501, "the Transfer-Encoding is not supported");
    default:
      return fail_with(400, "the request is not valid HTTP/1.1");
  }
}

RequestParser::Progress RequestParser::parse_head(std::string_view buffer) {
  MR_ASSERT(buffer.size() >= parsed_);
  if (buffer.size() == parsed_) return Progress::needs_more;
  http_parser* parser = parser_of(state_);
  parser->data = this;
  base_ = buffer.data();
  const std::string_view fresh = buffer.substr(parsed_);
  const size_t taken =
      http_parser_execute(parser, &RequestCallbacks::settings(), fresh.data(), fresh.size());
  parsed_ += taken;
  const http_errno error = HTTP_PARSER_ERRNO(parser);
  if (error == HPE_PAUSED) {
    // It pauses before the byte that ends the head, and does not look at it.
    if (buffer[parsed_] != '\n') return fail_with(400, "the request is not valid HTTP/1.1");
    head_bytes_ = parsed_ + 1;
    return finish_head(buffer);
  }
  if (error != HPE_OK) return fail_by_parser();
  if (target_.end - target_.begin > target_bytes_max) {
    return fail_with(414, "the request target is too long");
  }
  if (parsed_ > head_bytes_max) return fail_with(431, "the request's headers are too large");
  return Progress::needs_more;
}

RequestParser::Progress RequestParser::finish_head(std::string_view buffer) {
  const http_parser* parser = parser_of(state_);
  if (parser->http_major != 1) return fail_with(505, "the HTTP version is not understood");
  if (target_.end - target_.begin > target_bytes_max) {
    return fail_with(414, "the request target is too long");
  }
  if (head_bytes_ > head_bytes_max) return fail_with(431, "the request's headers are too large");
  const auto view = [buffer](Piece piece) {
    return buffer.substr(piece.begin, piece.end - piece.begin);
  };
  head_.method = method_of(parser->method);
  head_.minor_version = parser->http_minor;
  head_.target = view(target_);
  for (const HeaderPiece& piece : pieces_) {
    head_.headers.push_back({view(piece.name), trimmed(view(piece.value))});
  }
  head_.keep_alive = head_.minor_version >= 1 ? (parser->flags & F_CONNECTION_CLOSE) == 0
                                              : (parser->flags & F_CONNECTION_KEEP_ALIVE) != 0;
  if (!split_target() || !check_headers() || !check_framing()) return Progress::failed;
  return Progress::complete;
}

bool RequestParser::split_target() {
  std::string_view rest = head_.target.substr(0, head_.target.find('#'));
  if (!rest.starts_with('/') && rest != "*") {
    // The absolute form, as a proxy receives it.
    const size_t scheme = rest.find("://");
    if (scheme == std::string_view::npos) {
      failure_ = {400, "the request target is not a path"};
      return false;
    }
    const size_t slash = rest.find_first_of("/?", scheme + 3);
    rest = slash == std::string_view::npos ? "/" : rest.substr(slash);
  }
  const size_t mark = rest.find('?');
  head_.path = rest.substr(0, mark);
  if (head_.path.empty()) head_.path = "/";
  head_.query = mark == std::string_view::npos ? std::string_view() : rest.substr(mark + 1);
  return true;
}

bool RequestParser::check_headers() {
  int hosts = 0;
  for (const Header& header : head_.headers) {
    if (header.name.empty()) {
      failure_ = {400, "a header has no name"};
      return false;
    }
    for (const char c : header.name) {
      if (is_token_char(c)) continue;
      failure_ = {400, "a header name has a character that is not allowed"};
      return false;
    }
    if (equals_ignoring_case(header.name, "host")) ++hosts;
    if (equals_ignoring_case(header.name, "expect")) {
      if (!equals_ignoring_case(header.value, "100-continue")) {
        failure_ = {417, "the expectation is not understood"};
        return false;
      }
      head_.expects_continue = head_.minor_version >= 1;
    }
  }
  if (hosts > 1 || (hosts == 0 && head_.minor_version >= 1)) {
    failure_ = {400, "the request must have one Host header"};
    return false;
  }
  return true;
}

// How long the body is must be beyond doubt: a proxy in front of us that reads it differently
// would let one client speak in another's name.
bool RequestParser::check_framing() {
  int encodings = 0;
  int lengths = 0;
  for (const Header& header : head_.headers) {
    if (equals_ignoring_case(header.name, "content-length")) {
      ++lengths;
      uint64_t length = 0;
      bool valid = !header.value.empty() && header.value.size() <= 18;
      for (const char c : header.value) {
        valid = valid && c >= '0' && c <= '9';
        length = length * 10 + static_cast<uint64_t>(c - '0');
      }
      if (!valid) {
        failure_ = {400, "Content-Length is not one number"};
        return false;
      }
      head_.content_length = length;
    }
    if (equals_ignoring_case(header.name, "transfer-encoding")) {
      ++encodings;
      if (!equals_ignoring_case(header.value, "chunked")) {
        failure_ = {501, "the Transfer-Encoding is not supported"};
        return false;
      }
      head_.chunked = true;
    }
  }
  if (encodings > 1 || lengths > 1 || (encodings == 1 && lengths == 1)) {
    failure_ = {400, "Content-Length contradicts itself or Transfer-Encoding"};
    return false;
  }
  if (head_.chunked && head_.minor_version == 0) {
    failure_ = {400, "HTTP/1.0 has no Transfer-Encoding"};
    return false;
  }
  return true;
}

struct ResponseCallbacks {
  static ResponseParser& self(http_parser* parser) {
    return *static_cast<ResponseParser*>(parser->data);
  }
  static bool grown(ResponseParser& response, size_t length) {
    response.head_bytes_ += length;
    if (response.head_bytes_ > head_bytes_max || response.headers_.size() > headers_max) {
      response.too_large_ = true;
    }
    return !response.too_large_;
  }
  static int header_name(http_parser* parser, const char* at, size_t length) {
    ResponseParser& response = self(parser);
    if (!grown(response, length)) return 1;
    if (response.last_was_value_) response.headers_.emplace_back();
    response.last_was_value_ = false;
    response.headers_.back().name.append(at, length);
    return 0;
  }
  static int header_value(http_parser* parser, const char* at, size_t length) {
    ResponseParser& response = self(parser);
    if (!grown(response, length) || response.headers_.empty()) return 1;
    response.last_was_value_ = true;
    response.headers_.back().value.append(at, length);
    return 0;
  }
  static int headers_complete(http_parser* parser) {
    ResponseParser& response = self(parser);
    response.status_ = static_cast<int>(parser->status_code);
    // 100 Continue goes before the real head.
    if (response.status_ / 100 == 1) {
      response.headers_.clear();
    } else {
      response.head_complete_ = true;
    }
    return 0;
  }
  static int body(http_parser* parser, const char* at, size_t length) {
    self(parser).body_.append(at, length);
    return 0;
  }
  static int message_complete(http_parser* parser) {
    ResponseParser& response = self(parser);
    if (!response.head_complete_) return 0;
    response.complete_ = true;
    http_parser_pause(parser, 1);
    return 0;
  }
  static const http_parser_settings& settings() {
    static constexpr http_parser_settings callbacks = {
        nullptr,          nullptr, nullptr,          header_name, header_value,
        headers_complete, body,    message_complete, nullptr,     nullptr};
    return callbacks;
  }
};

ResponseParser::ResponseParser() {
  http_parser_init(parser_of(state_), HTTP_RESPONSE);
}

bool ResponseParser::feed(ByteView bytes) {
  if (complete_ || bytes.empty()) return true;
  http_parser* parser = parser_of(state_);
  parser->data = this;
  http_parser_execute(parser, &ResponseCallbacks::settings(),
                      reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return complete_ || HTTP_PARSER_ERRNO(parser) == HPE_OK;
}

bool ResponseParser::end() {
  if (complete_) return true;
  http_parser* parser = parser_of(state_);
  parser->data = this;
  http_parser_execute(parser, &ResponseCallbacks::settings(), nullptr, 0);
  return complete_;
}

std::string ResponseParser::take_body() {
  std::string taken = std::move(body_);
  body_.clear();
  return taken;
}

}  // namespace mr::http
