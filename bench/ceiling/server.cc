#include "bench/ceiling/server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace mr::bench {

namespace {

constexpr size_t first_bytes = 128 * 1024;
constexpr int events_max = 256;
constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::string_view accepted =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n"
    "{\"status\":\"Ok\"}";
constexpr std::string_view refused =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nbad";

void send_answer(int socket, std::string_view answer) {
  (void)!send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
}

// The value of a header line of this name, else nothing.
std::string_view value_of(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return {};
  if (strncasecmp(line.data(), name.data(), name.size()) != 0) return {};
  return line.substr(name.size() + 1);
}

void watch(int epoll, int file) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = file;
  epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event);
}

}  // namespace

Result<void> CeilingServer::open(uint16_t port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, SOMAXCONN) != 0) {
    return fail(ErrorCode::io_failed, std::string("listening: ") + std::strerror(errno));
  }
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll_, listener_);
  watch(epoll_, log_.event());
  return {};
}

Result<void> CeilingServer::run(uint16_t port) {
  MR_CHECK(open(port));
  std::array<epoll_event, events_max> events;
  while (true) {
    const int count = epoll_wait(epoll_, events.data(), events_max, -1);
    for (int i = 0; i < count; ++i) {
      const int file = events[static_cast<size_t>(i)].data.fd;
      if (file == listener_) {
        accept_all();
      } else if (file == log_.event()) {
        answer_durable();
      } else {
        on_readable(file);
      }
    }
  }
}

void CeilingServer::accept_all() {
  while (true) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    const int one = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const auto number = static_cast<size_t>(socket);
    if (connections_.size() <= number) connections_.resize(number + 1);
    connections_[number].bytes.resize(first_bytes);
    connections_[number].used = connections_[number].body_at = 0;
    watch(epoll_, socket);
  }
}

// Whether the head is whole; makes room for the body then.
bool CeilingServer::parse_head(Connection& connection) {
  const std::string_view head(connection.bytes.data(), connection.used);
  const size_t end = head.find(head_end);
  if (end == std::string_view::npos) return false;
  connection.body_at = end + head_end.size();
  connection.body_bytes = 0;
  connection.gzip = false;
  size_t at = head.find(line_end) + line_end.size();
  while (at < end) {
    const size_t next = head.find(line_end, at);
    const std::string_view line = head.substr(at, next - at);
    if (const auto length = value_of(line, "content-length"); !length.empty()) {
      connection.body_bytes = std::strtoul(length.data(), nullptr, 10);
    } else if (const auto encoding = value_of(line, "content-encoding"); !encoding.empty()) {
      connection.gzip = encoding.find("gzip") != std::string_view::npos;
    }
    at = next + line_end.size();
  }
  const size_t needed = connection.body_at + connection.body_bytes + EventWriter::padding_bytes;
  if (connection.bytes.size() < needed) connection.bytes.resize(needed);
  return true;
}

void CeilingServer::on_readable(int socket) {
  Connection& connection = connections_[static_cast<size_t>(socket)];
  const size_t room = connection.bytes.size() - connection.used - EventWriter::padding_bytes;
  const ssize_t got = recv(socket, connection.bytes.data() + connection.used, room, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    close(socket);
    return;
  }
  connection.used += static_cast<size_t>(got);
  if (connection.body_at == 0 && !parse_head(connection)) return;
  if (connection.used < connection.body_at + connection.body_bytes) return;
  const std::string_view body(connection.bytes.data() + connection.body_at, connection.body_bytes);
  if (body.empty()) {
    send_answer(socket, accepted);  // somebody asks whether this server is up
  } else if (!writer_.write(body, connection.gzip, socket)) {
    send_answer(socket, refused);
  }
  connection.used = connection.body_at = 0;
}

void CeilingServer::answer_durable() {
  for (const int socket : log_.take_durable()) send_answer(socket, accepted);
}

}  // namespace mr::bench
