#include "bench/loadgen/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace mr::bench {

namespace {

constexpr size_t read_bytes = 16 * 1024;
constexpr size_t status_position = 9;  // behind "HTTP/1.1 "
constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::string_view last_chunk = "0\r\n\r\n";

bool is_header(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         strncasecmp(line.data(), name.data(), name.size()) == 0;
}

}  // namespace

Connection::Connection(std::string head, std::vector<RequestBody> bodies)
    : fixed_head_(std::move(head)), bodies_(std::move(bodies)) {
}

Connection::Connection(Connection&& other) noexcept
    : fixed_head_(std::move(other.fixed_head_)),
      bodies_(std::move(other.bodies_)),
      socket_(std::exchange(other.socket_, -1)) {
}

Connection::~Connection() {
  if (socket_ >= 0) close(socket_);
}

void Connection::open(int epoll, uint32_t index, const std::string& host, uint16_t port) {
  if (socket_ >= 0) close(socket_);
  busy_ = false;
  answer_.clear();
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  // A refusal comes back as an event, like every other end of the connection.
  (void)connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP;
  event.data.u32 = index;
  epoll_ctl(epoll, EPOLL_CTL_ADD, socket_, &event);
}

void Connection::send(uint64_t due, uint64_t now) {
  body_ = &bodies_[next_body_++ % bodies_.size()];
  body_->refresh();
  head_ = fixed_head_ + std::to_string(body_->bytes().size()) + std::string(head_end);
  written_ = 0;
  answer_.clear();
  answer_bytes_ = 0;
  busy_ = true;
  due_ = due;
  sent_ = now;
  on_writable();
}

void Connection::on_writable() {
  if (!busy_) return;
  const std::string& body = body_->bytes();
  while (written_ < head_.size() + body.size()) {
    std::array<iovec, 2> parts{};
    const size_t of_head = written_ < head_.size() ? head_.size() - written_ : 0;
    const size_t of_body = written_ < head_.size() ? 0 : written_ - head_.size();
    parts[0] = {head_.data() + head_.size() - of_head, of_head};
    parts[1] = {const_cast<char*>(body.data()) + of_body, body.size() - of_body};
    const ssize_t put = writev(socket_, parts.data(), parts.size());
    if (put <= 0) return;  // full, not connected yet, or an end that reading will report
    written_ += static_cast<size_t>(put);
  }
}

Connection::Progress Connection::on_readable() {
  std::array<char, read_bytes> buffer;
  while (true) {
    const ssize_t got = read(socket_, buffer.data(), buffer.size());
    if (got > 0) {
      answer_.append(buffer.data(), static_cast<size_t>(got));
      // A short read of a stream socket means that there is no more for now.
      if (static_cast<size_t>(got) < buffer.size()) break;
      continue;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
    return busy_ ? Progress::broken : Progress::idle_end;
  }
  if (!busy_ || !parse_answer()) return Progress::waiting;
  busy_ = false;
  return Progress::answered;
}

// Whether the whole answer is there.
bool Connection::parse_answer() {
  if (answer_bytes_ == 0) {
    const size_t end = answer_.find(head_end);
    if (end == std::string::npos) return false;
    parse_head(end);
  }
  return chunked_ ? answer_.ends_with(last_chunk) : answer_.size() >= answer_bytes_;
}

void Connection::parse_head(size_t end) {
  status_ = end > status_position ? std::atoi(answer_.c_str() + status_position) : 0;
  chunked_ = closing_ = false;
  size_t content_bytes = 0;
  size_t at = answer_.find(line_end) + line_end.size();
  while (at < end) {
    const size_t next = answer_.find(line_end, at);
    const std::string_view line = std::string_view(answer_).substr(at, next - at);
    if (is_header(line, "content-length")) {
      content_bytes =
          std::strtoull(line.data() + std::string_view("content-length:").size(), nullptr, 10);
    } else if (is_header(line, "transfer-encoding")) {
      chunked_ = true;
    } else if (is_header(line, "connection")) {
      closing_ = line.find("close") != std::string_view::npos;
    }
    at = next + line_end.size();
  }
  answer_bytes_ = end + head_end.size() + content_bytes;
}

}  // namespace mr::bench
