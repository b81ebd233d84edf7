#include "http/response.h"

namespace mr::http {

Response Response::text(int status, std::string_view body) {
  Response response(status);
  response.header_lines_ = "content-type: text/plain; charset=utf-8\r\n";
  response.body = body;
  return response;
}

Response Response::json(int status, std::string body) {
  Response response(status);
  response.header_lines_ = "content-type: application/json\r\n";
  response.body = std::move(body);
  return response;
}

Response Response::stream(int status, std::string_view content_type,
                          std::unique_ptr<BodySource> source) {
  Response response(status);
  if (!content_type.empty()) response.add_header("content-type", content_type);
  response.source = std::move(source);
  return response;
}

Response& Response::add_header(std::string_view name, std::string_view value) {
  header_lines_.append(name).append(": ");
  for (const char c : value) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) header_lines_ += c;
  }
  header_lines_ += "\r\n";
  return *this;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::malformed:
      return "malformed";
    case Refusal::head_timed_out:
      return "head_timed_out";
    case Refusal::body_timed_out:
      return "body_timed_out";
    case Refusal::body_too_large:
      return "body_too_large";
    case Refusal::memory_exhausted:
      return "memory_exhausted";
    case Refusal::connections_exhausted:
      return "connections_exhausted";
  }
  return "unknown";
}

Response Handler::refuse(const RequestHead*, Refusal, int status, std::string_view reason) {
  Response response = Response::text(status, std::string(reason) + "\n");
  if (status == 503) response.add_header("retry-after", "1");
  return response;
}

}  // namespace mr::http
