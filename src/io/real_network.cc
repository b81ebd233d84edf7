#include "io/real_network.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

#include "io/descriptor.h"
#include "io/epoll_loop.h"
#include "io/socket_address.h"

namespace mr::io {

namespace {

constexpr int accept_backlog = 4096;

// One direction of a descriptor: at most one task waits for it to become ready.
class Readiness : public TimerEvent {
 public:
  explicit Readiness(EpollLoop& loop) : loop_(loop) {}
  ~Readiness() override { loop_.cancel_timer(*this); }

  // Awaiting it completes when the descriptor may be ready (true) or at the deadline (false).
  auto wait(Instant deadline) {
    struct Awaiter {
      Readiness& of;
      Instant deadline;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> self) const {
        MR_ASSERT(!of.awaiting_);
        of.awaiting_ = self;
        if (deadline != no_deadline) of.loop_.start_timer(of, deadline);
      }
      bool await_resume() const noexcept { return of.ready_; }
    };
    return Awaiter{*this, deadline};
  }

  void ready() { resume(true); }
  void expired() override { resume(false); }

 private:
  void resume(bool ready) {
    if (!awaiting_) return;
    loop_.cancel_timer(*this);
    ready_ = ready;
    loop_.post(std::exchange(awaiting_, nullptr));
  }

  EpollLoop& loop_;
  std::coroutine_handle<> awaiting_;
  bool ready_ = false;
};

class RealConnection final : public Connection, public EpollLoop::Watcher {
 public:
  RealConnection(EpollLoop& loop, Descriptor socket, std::string peer_host)
      : loop_(loop),
        socket_(std::move(socket)),
        peer_host_(std::move(peer_host)),
        readable_(loop),
        writable_(loop) {
    loop_.watch(socket_.get(), *this);
  }
  ~RealConnection() override { loop_.unwatch(socket_.get()); }

  Task<Result<size_t>> read_some(MutableBytes into, Instant deadline) override {
    for (;;) {
      if (closed_) co_return fail(ErrorCode::closed, "the connection is closed");
      const ssize_t count = ::recv(socket_.get(), into.data(), into.size(), 0);
      if (count >= 0) co_return static_cast<size_t>(count);
      if (errno == EINTR) continue;
      if (errno != EAGAIN) co_return broken("read from");
      if (!co_await readable_.wait(deadline)) {
        co_return fail(ErrorCode::timed_out, "no bytes came before the deadline");
      }
    }
  }

  Task<Result<void>> write_all(ByteView data, Instant deadline) override {
    while (!data.empty()) {
      if (closed_) co_return fail(ErrorCode::closed, "the connection is closed");
      const ssize_t count = ::send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL);
      if (count >= 0) {
        data = data.subspan(static_cast<size_t>(count));
        continue;
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN) co_return broken("write to");
      if (!co_await writable_.wait(deadline)) {
        co_return fail(ErrorCode::timed_out, "the peer took no bytes before the deadline");
      }
    }
    co_return Result<void>();
  }

  void shutdown_write() override { ::shutdown(socket_.get(), SHUT_WR); }

  void close() override {
    closed_ = true;
    ::shutdown(socket_.get(), SHUT_RDWR);
    readable_.ready();
    writable_.ready();
  }

  const std::string& peer_host() const override { return peer_host_; }

  void descriptor_ready(uint32_t epoll_events) override {
    if (epoll_events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) readable_.ready();
    if (epoll_events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) writable_.ready();
  }

  // Completes a connect that is under way.
  Task<Result<void>> finish_connect(const Address& to, Instant deadline) {
    if (!co_await writable_.wait(deadline)) {
      co_return fail(ErrorCode::timed_out, "connecting to " + to.text + " took too long");
    }
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) co_return fail(error_from_errno(error, "connect to", to.text));
    co_return Result<void>();
  }

 private:
  std::unexpected<Error> broken(const char* attempt) const {
    const Error error = error_from_errno(errno, attempt, "the connection");
    return fail(ErrorCode::closed, error.message());
  }

  EpollLoop& loop_;
  Descriptor socket_;
  std::string peer_host_;
  Readiness readable_;
  Readiness writable_;
  bool closed_ = false;
};

void set_no_delay(int socket, int family) {
  const int on = 1;
  if (family != AF_UNIX) ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

class RealListener final : public Listener, public EpollLoop::Watcher {
 public:
  RealListener(EpollLoop& loop, Descriptor socket)
      : loop_(loop), socket_(std::move(socket)), readable_(loop) {
    ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
    loop_.watch(socket_.get(), *this);
  }
  ~RealListener() override { loop_.unwatch(socket_.get()); }

  Task<Result<std::unique_ptr<Connection>>> accept() override {
    for (;;) {
      if (closed_) co_return fail(ErrorCode::closed, "the listener is closed");
      SocketAddress peer;
      peer.length = sizeof peer.storage;
      Descriptor accepted(::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&peer.storage),
                                    &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (accepted.valid()) {
        set_no_delay(accepted.get(), peer.family());
        co_return std::make_unique<RealConnection>(loop_, std::move(accepted), peer.host());
      }
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno != EAGAIN) co_return fail(error_from_errno(errno, "accept on", address().text));
      co_await readable_.wait(no_deadline);
    }
  }

  Address address() const override {
    SocketAddress bound;
    bound.length = sizeof bound.storage;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&bound.storage), &bound.length);
    return {bound.text()};
  }

  void close() override {
    closed_ = true;
    readable_.ready();
  }

  void descriptor_ready(uint32_t) override { readable_.ready(); }

 private:
  EpollLoop& loop_;
  Descriptor socket_;
  Readiness readable_;
  bool closed_ = false;
};

Result<Descriptor> bind_and_listen(const Address& at, int extra_flags) {
  MR_TRY(const SocketAddress address, SocketAddress::parse(at));
  Descriptor socket(::socket(address.family(), SOCK_STREAM | extra_flags, 0));
  if (!socket.valid()) return fail(error_from_errno(errno, "make a socket for", at.text));
  const bool is_unix = address.family() == AF_UNIX;
  const int on = 1;
  if (is_unix) {
    ::unlink(at.text.c_str() + std::string_view("unix:").size());
  } else {
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  const mode_t previous = is_unix ? ::umask(0177) : 0;
  const int bound = ::bind(socket.get(), address.get(), address.length);
  const int bind_error = errno;
  if (is_unix) ::umask(previous);
  if (bound != 0) {
    const Error error = error_from_errno(bind_error, "listen on", at.text);
    return fail(bind_error == EADDRINUSE ? ErrorCode::already_exists : error.code(),
                error.message());
  }
  if (::listen(socket.get(), accept_backlog) != 0) {
    return fail(error_from_errno(errno, "listen on", at.text));
  }
  return socket;
}

}  // namespace

Result<int> RealNetwork::listen_for_child(const Address& at) {
  MR_TRY(Descriptor socket, bind_and_listen(at, SOCK_NONBLOCK | SOCK_CLOEXEC));
  return socket.release();
}

Result<std::unique_ptr<Listener>> RealNetwork::listen(Address at) {
  MR_TRY(Descriptor socket, bind_and_listen(at, SOCK_NONBLOCK | SOCK_CLOEXEC));
  return std::make_unique<RealListener>(loop_, std::move(socket));
}

Result<std::unique_ptr<Listener>> RealNetwork::adopt_listener(int descriptor) {
  return std::make_unique<RealListener>(loop_, Descriptor(descriptor));
}

Task<Result<std::unique_ptr<Connection>>> RealNetwork::connect(Address to, Instant deadline) {
  MR_CO_TRY(const SocketAddress address, SocketAddress::parse(to));
  Descriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) co_return fail(error_from_errno(errno, "make a socket for", to.text));
  set_no_delay(socket.get(), address.family());
  const int connected = ::connect(socket.get(), address.get(), address.length);
  if (connected != 0 && errno != EINPROGRESS) {
    co_return fail(error_from_errno(errno, "connect to", to.text));
  }
  auto connection = std::make_unique<RealConnection>(loop_, std::move(socket), address.host());
  if (connected != 0) MR_CO_CHECK(co_await connection->finish_connect(to, deadline));
  co_return connection;
}

}  // namespace mr::io
