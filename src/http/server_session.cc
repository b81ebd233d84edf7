#include "http/server_session.h"

#include <algorithm>

#include "base/assert.h"
#include "http/limits.h"

namespace mr::http {

Session::Session(Server& server, std::unique_ptr<io::Connection> connection)
    : server_(server),
      connection_(std::move(connection)),
      next_(server.sessions_),
      receive_(server.memory_),
      body_(server.memory_),
      ahead_(server.memory_),
      receive_bytes_wanted_(receive_bytes_start) {
  if (next_ != nullptr) next_->previous_ = this;
  server.sessions_ = this;
}

Session::~Session() {
  (previous_ != nullptr ? previous_->next_ : server_.sessions_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

Instant Session::now() const {
  return server_.world_.clock.now();
}

void Session::close_if_idle() {
  if (idle_) connection_->close();
}

io::Task<void> Session::run() {
  for (;;) {
    Step step = co_await receive_head();
    if (step == Step::ready) {
      has_head_ = true;
      step = co_await receive_body();
    }
    if (step == Step::refused) co_await refuse();
    if (step != Step::ready) break;

    const Instant received = now();
    Response response = co_await server_.handler_.handle(Request{
        &parser_.head(), body_view_, connection_->peer_host(), connection_->is_encrypted()});
    const bool keep = parser_.head().keep_alive && !response.close && !server_.stopping_;
    const int status = response.status;
    const bool sent = co_await send(std::move(response), keep);
    server_.count_response(status, received);
    if (!sent || !keep) break;
    finish_request();
    // A client that sends as fast as it is answered shares the loop with the others: when nothing
    // made this request wait, time has stood still.
    if (receive_.size() > 0 || now() == received) co_await server_.world_.loop.yield();
  }
  connection_->close();
}

Session::Step Session::refused(Refusal refusal, int status, std::string_view reason) {
  failure_ = {refusal, status, reason};
  return Step::refused;
}

Session::Step Session::read_failed(const Error& error, Refusal when_late) {
  if (error.code() != ErrorCode::timed_out) return Step::ended;
  return refused(when_late, 408, "the request did not arrive in time");
}

// Room for at least one byte behind what receive_ holds. False when the budget is used up.
bool Session::make_room() {
  if (receive_.size() < receive_.capacity()) return true;
  const size_t doubled = receive_.capacity() * 2;
  const size_t wanted = std::clamp(doubled, receive_bytes_wanted_, head_bytes_max + 4096);
  // The parser refuses a head before it fills that much.
  MR_ASSERT(wanted > receive_.size());
  return receive_.reserve(wanted);
}

// Waits for the first byte of a request. A connection that stays quiet gives its memory back.
io::Task<Result<size_t>> Session::read_idle() {
  idle_ = true;
  const Instant deadline = now() + limits().idle_timeout;
  Result<size_t> count = size_t{0};
  if (receive_.capacity() > receive_bytes_idle) {
    const Instant release_at = std::min(deadline, now() + idle_release);
    count = co_await connection_->read_some(receive_.room(), release_at);
    if (count || count.error().code() != ErrorCode::timed_out || release_at == deadline) {
      idle_ = false;
      co_return count;
    }
    receive_.release();
    parser_.release_memory();
    out_ = std::string();
    if (!receive_.reserve(receive_bytes_idle)) co_return fail(ErrorCode::closed, "no memory left");
  }
  count = co_await connection_->read_some(receive_.room(), deadline);
  idle_ = false;
  co_return count;
}

io::Task<Session::Step> Session::receive_head() {
  Instant deadline = now() + limits().head_timeout;
  for (;;) {
    if (receive_.size() > 0) {
      const RequestParser::Progress progress = parser_.parse_head(as_text(receive_.view()));
      if (progress == RequestParser::Progress::complete) co_return Step::ready;
      if (progress == RequestParser::Progress::failed) {
        co_return refused(Refusal::malformed, parser_.failure().status, parser_.failure().reason);
      }
    }
    if (server_.stopping_ && receive_.size() == 0) co_return Step::ended;
    if (!make_room()) {
      co_return refused(Refusal::memory_exhausted, 503, "too many requests are under way");
    }
    if (receive_.size() == 0) {
      const Result<size_t> count = co_await read_idle();
      if (!count || *count == 0) co_return Step::ended;
      receive_.commit(*count);
      deadline = now() + limits().head_timeout;
      continue;
    }
    const Result<size_t> count = co_await connection_->read_some(receive_.room(), deadline);
    if (!count) co_return read_failed(count.error(), Refusal::head_timed_out);
    if (*count == 0) co_return Step::ended;
    receive_.commit(*count);
  }
}

io::Task<Session::Step> Session::receive_body() {
  const RequestHead& head = parser_.head();
  body_view_ = {};
  if (!head.chunked && head.content_length.value_or(0) == 0) co_return Step::ready;

  const size_t bytes_max = server_.handler_.body_bytes_max(head);
  if (head.content_length.value_or(0) > bytes_max) {
    co_return refused(Refusal::body_too_large, 413, "the request body is too large");
  }
  const size_t length = static_cast<size_t>(head.content_length.value_or(0));
  const size_t present = receive_.size() - parser_.head_bytes();
  if (head.expects_continue && (head.chunked || present < length)) {
    const Instant deadline = now() + limits().write_timeout;
    const auto sent =
        co_await connection_->write_all(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"), deadline);
    if (!sent) co_return Step::ended;
  }
  if (head.chunked) co_return co_await receive_chunked(bytes_max);
  co_return co_await receive_sized(length);
}

io::Task<Session::Step> Session::receive_sized(size_t length) {
  const Instant deadline = now() + limits().body_timeout;
  const size_t head_bytes = parser_.head_bytes();
  const size_t whole = head_bytes + length;
  // Behind the head when it fits: the usual single event is then read by one call, copied never.
  const bool in_place = whole <= receive_.capacity();
  Buffer& buffer = in_place ? receive_ : body_;
  const size_t end = in_place ? whole : length;
  if (!in_place) {
    receive_bytes_wanted_ = std::clamp(whole, receive_bytes_wanted_, receive_bytes_step);
    if (!body_.reserve(std::min(length, body_bytes_start))) {
      co_return refused(Refusal::memory_exhausted, 503, "too many requests are under way");
    }
    MR_ASSERT(body_.append(receive_.view().subspan(head_bytes)));
    receive_.truncate(head_bytes);
  }
  while (buffer.size() < end) {
    if (buffer.size() == buffer.capacity() &&
        !buffer.reserve(std::min(end, buffer.capacity() * 4))) {
      co_return refused(Refusal::memory_exhausted, 503, "too many requests are under way");
    }
    MutableBytes room = buffer.room();
    // In place, the rest of the room takes what a pipelining client sent behind this request.
    if (!in_place) room = room.first(std::min(room.size(), end - buffer.size()));
    const Instant gap = std::min(deadline, now() + limits().body_gap_timeout);
    const Result<size_t> count = co_await connection_->read_some(room, gap);
    if (!count) co_return read_failed(count.error(), Refusal::body_timed_out);
    if (*count == 0) co_return Step::ended;
    buffer.commit(*count);
  }
  body_view_ = in_place ? buffer.view().subspan(head_bytes, length) : buffer.view();
  co_return Step::ready;
}

io::Task<Session::Step> Session::receive_chunked(size_t bytes_max) {
  const Instant deadline = now() + limits().body_timeout;
  ChunkDecoder decoder;
  const size_t present = receive_.size() - parser_.head_bytes();
  const size_t first = std::max(present, receive_bytes_step);
  if (!body_.reserve(first)) {
    co_return refused(Refusal::memory_exhausted, 503, "too many requests are under way");
  }
  MR_ASSERT(body_.append(receive_.view().subspan(parser_.head_bytes())));
  receive_.truncate(parser_.head_bytes());

  size_t payload = 0;  // decoded bytes at the front of body_; behind them lies what just came
  for (;;) {
    const MutableBytes fresh{body_.data() + payload, body_.size() - payload};
    const ChunkDecoder::Step step = decoder.decode(fresh);
    if (step.progress == ChunkDecoder::Progress::failed) {
      co_return refused(Refusal::malformed, 400, "the body is not correctly chunked");
    }
    if (payload + step.payload > bytes_max) {
      co_return refused(Refusal::body_too_large, 413, "the request body is too large");
    }
    if (step.progress == ChunkDecoder::Progress::complete) {
      const ByteView rest = ByteView(fresh).subspan(step.consumed);
      if (!ahead_.reserve(rest.size())) {
        co_return refused(Refusal::memory_exhausted, 503, "too many requests are under way");
      }
      MR_ASSERT(ahead_.append(rest));
      payload += step.payload;
      break;
    }
    payload += step.payload;
    body_.truncate(payload);
    if (body_.capacity() - payload < receive_bytes_step &&
        !body_.reserve(std::min(body_.capacity() * 2, bytes_max + 2 * receive_bytes_step))) {
      co_return refused(Refusal::memory_exhausted, 503, "too many requests are under way");
    }
    const Instant gap = std::min(deadline, now() + limits().body_gap_timeout);
    const Result<size_t> count = co_await connection_->read_some(body_.room(), gap);
    if (!count) co_return read_failed(count.error(), Refusal::body_timed_out);
    if (*count == 0) co_return Step::ended;
    body_.commit(*count);
  }
  body_view_ = body_.view().first(payload);
  co_return Step::ready;
}

void Session::finish_request() {
  const bool in_place = body_.capacity() == 0;
  const size_t taken = parser_.head_bytes() + (in_place ? body_view_.size() : 0);
  receive_.drop_front(std::min(taken, receive_.size()));
  if (ahead_.size() > 0) {
    MR_ASSERT(receive_.size() == 0);
    receive_.swap(ahead_);
  }
  if (ahead_.capacity() > 0) ahead_.release();
  body_.release();
  body_view_ = {};
  parser_.reset();
  has_head_ = false;
  // The next request of this client then arrives in one read, in place.
  if (receive_.capacity() < receive_bytes_wanted_) (void)receive_.reserve(receive_bytes_wanted_);
}

io::Task<void> Session::refuse() {
  const RequestHead* head = has_head_ ? &parser_.head() : nullptr;
  Response response =
      server_.handler_.refuse(head, failure_.refusal, failure_.status, failure_.reason);
  const int status = response.status;
  server_.count_refusal(failure_.refusal);
  // After a 413 the client may finish sending what would have been read and one more allowance, so
  // that it reads the status instead of a reset (capture-api contract, section 1).
  size_t linger_bytes = limits().linger_bytes_max;
  if (failure_.refusal == Refusal::body_too_large && head != nullptr) {
    linger_bytes = 2 * server_.handler_.body_bytes_max(*head);
  }
  if (!co_await send(std::move(response), false)) co_return;
  server_.count_response(status, now());
  co_await linger(linger_bytes);
}

io::Task<void> Session::linger(size_t bytes_max) {
  connection_->shutdown_write();
  const Instant deadline = now() + limits().linger_timeout;
  body_.release();
  if (!body_.reserve(receive_bytes_step)) co_return;
  size_t seen = 0;
  while (seen <= bytes_max) {
    const Result<size_t> count =
        co_await connection_->read_some({body_.data(), body_.capacity()}, deadline);
    if (!count || *count == 0) co_return;
    seen += *count;
  }
}

}  // namespace mr::http
