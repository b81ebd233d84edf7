#include <cstdio>

#include "http/limits.h"
#include "http/server_session.h"

// How a session sends: the head of an answer, its body, or the pieces of a streamed one.
namespace mr::http {
namespace {

bool has_no_body(int status) {
  return status == 204 || status == 304 || status / 100 == 1;
}

}  // namespace

void Session::render_head(const Response& response, bool keep, bool chunked) {
  out_.clear();
  out_ += "HTTP/1.1 ";
  out_ += std::to_string(response.status);
  out_.append(" ").append(reason_phrase(response.status)).append("\r\ndate: ");
  out_.append(server_.date()).append("\r\n");
  out_ += response.header_lines();
  if (chunked) {
    out_ += "transfer-encoding: chunked\r\n";
  } else if (response.source == nullptr && !has_no_body(response.status)) {
    out_.append("content-length: ").append(std::to_string(response.body.size())).append("\r\n");
  }
  if (!keep) {
    out_ += "connection: close\r\n";
  } else if (has_head_ && parser_.head().minor_version == 0) {
    out_ += "connection: keep-alive\r\n";
  }
  out_ += "\r\n";
}

io::Task<bool> Session::send(Response response, bool keep) {
  const bool old_client = has_head_ && parser_.head().minor_version == 0;
  const bool head_only =
      (has_head_ && parser_.head().method == Method::head) || has_no_body(response.status);
  const bool streamed = response.source != nullptr;
  const bool chunked = streamed && !old_client;
  // Without chunks only the end of the connection tells where the body ends.
  if (streamed && old_client) keep = false;
  render_head(response, keep, chunked);

  const bool has_body = !head_only && !streamed && !response.body.empty();
  const bool joined = has_body && response.body.size() <= joined_response_bytes_max;
  if (joined) out_ += response.body;
  if (!co_await connection_->write_all(as_bytes(out_), now() + limits().write_timeout)) {
    co_return false;
  }
  if (has_body && !joined) {
    const Instant deadline = now() + limits().write_timeout;
    if (!co_await connection_->write_all(as_bytes(response.body), deadline)) co_return false;
  }
  if (!streamed || head_only) co_return true;
  const bool sent = co_await send_source(std::move(response.source), chunked);
  co_return sent && (keep || chunked);
}

io::Task<bool> Session::send_source(std::unique_ptr<BodySource> source, bool chunked) {
  for (;;) {
    Result<std::string> piece = co_await source->next();
    // No last chunk: the client must see that the answer is cut off.
    if (!piece) co_return false;
    out_.clear();
    if (chunked) {
      char size[24];
      std::snprintf(size, sizeof size, "%zx\r\n", piece->size());
      out_.append(size).append(*piece).append("\r\n");
    } else {
      out_ = *piece;
    }
    if (!out_.empty() &&
        !co_await connection_->write_all(as_bytes(out_), now() + limits().write_timeout)) {
      co_return false;
    }
    if (piece->empty()) co_return true;
  }
}

}  // namespace mr::http
