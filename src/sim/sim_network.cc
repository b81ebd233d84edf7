#include "sim/sim_network.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace mr::sim {

namespace {

// What one direction of a connection holds before its writer must wait.
constexpr size_t pipe_bytes_max = 64 * 1024;

struct Chunk {
  Instant arrives;
  Bytes bytes;
};

}  // namespace

// One end of a link: how its process is told that something changed.
struct LinkEnd {
  LinkEnd(ProcessId by, SimLoop& loop) : owner(by), readable(loop), writable(loop) {}
  ProcessId owner;
  io::Signal readable;
  io::Signal writable;
};

// Bytes on their way to one end.
struct LinkPipe {
  std::deque<Chunk> chunks;
  size_t bytes = 0;
  bool ended = false;
  Instant last_arrival{0};
};

// A connection's wire: pipe[i] flows to end[i]. An end is null once its owner dropped or lost it.
struct Link {
  LinkPipe pipe[2];
  LinkEnd* end[2] = {nullptr, nullptr};
  bool cut = false;
  bool half_open = false;

  void tell_all() {
    for (LinkEnd* one : end) {
      if (one == nullptr) continue;
      one->readable.notify();
      one->writable.notify();
    }
  }
};

namespace {

std::unexpected<Error> connection_closed() {
  return fail(ErrorCode::closed, "the connection was closed");
}

class SimConnection final : public io::Connection {
 public:
  SimConnection(NetworkMachine& machine, SimLoop& loop, io::Clock& clock, ProcessId owner,
                std::shared_ptr<Link> link, int side)
      : machine_(machine), clock_(clock), link_(std::move(link)), side_(side), end_(owner, loop) {
    link_->end[side] = &end_;
  }
  ~SimConnection() override {
    link_->end[side_] = nullptr;
    end_pipe();
  }

  io::Task<Result<size_t>> read_some(MutableBytes into, Instant deadline) override {
    LinkPipe& pipe = link_->pipe[side_];
    for (;;) {
      if (closed_ || link_->cut) co_return connection_closed();
      const Instant now = clock_.now();
      if (!pipe.chunks.empty() && pipe.chunks.front().arrives <= now) co_return take(pipe, into);
      if (pipe.chunks.empty() && pipe.ended && pipe.last_arrival <= now) co_return size_t{0};
      if (now >= deadline) co_return fail(ErrorCode::timed_out, "no bytes came in time");
      Instant until = deadline;
      if (!pipe.chunks.empty()) {
        until = std::min(until, pipe.chunks.front().arrives);
      } else if (pipe.ended) {
        until = std::min(until, pipe.last_arrival);
      }
      co_await end_.readable.wait_until(clock_, until);
    }
  }

  io::Task<Result<void>> write_all(ByteView data, Instant deadline) override {
    LinkPipe& pipe = link_->pipe[1 - side_];
    while (!data.empty()) {
      if (machine_.strikes(&Faults::cut_network)) {
        (machine_.random.one_in(2) ? link_->cut : link_->half_open) = true;
        link_->tell_all();
      }
      if (closed_ || shut_ || link_->cut) co_return connection_closed();
      if (link_->half_open) co_return Result<void>{};
      if (pipe.bytes >= pipe_bytes_max) {
        if (clock_.now() >= deadline)
          co_return fail(ErrorCode::timed_out, "the peer does not read");
        co_await end_.writable.wait_until(clock_, deadline);
        continue;
      }
      const size_t count = std::min(data.size(), pipe_bytes_max - pipe.bytes);
      send(pipe, data.first(count));
      data = data.subspan(count);
    }
    co_return Result<void>{};
  }

  void shutdown_write() override {
    shut_ = true;
    end_pipe();
  }
  void close() override {
    closed_ = true;
    end_pipe();
    end_.readable.notify();
    end_.writable.notify();
  }
  const std::string& peer_host() const override { return host_; }

 private:
  size_t take(LinkPipe& pipe, MutableBytes into) {
    Chunk& first = pipe.chunks.front();
    size_t count = std::min(into.size(), first.bytes.size());
    if (count > 1 && machine_.random.one_in(4)) count = machine_.random.between(1, count);
    std::memcpy(into.data(), first.bytes.data(), count);
    first.bytes.erase(first.bytes.begin(), first.bytes.begin() + static_cast<ptrdiff_t>(count));
    if (first.bytes.empty()) pipe.chunks.pop_front();
    pipe.bytes -= count;
    if (LinkEnd* peer = link_->end[1 - side_]) peer->writable.notify();
    return count;
  }
  void send(LinkPipe& pipe, ByteView data) {
    const Instant arrives{clock_.now().micros + machine_.latency_micros()};
    pipe.last_arrival = std::max(pipe.last_arrival, arrives);
    pipe.chunks.push_back({pipe.last_arrival, Bytes(data.begin(), data.end())});
    pipe.bytes += data.size();
    if (LinkEnd* peer = link_->end[1 - side_]) peer->readable.notify();
  }
  void end_pipe() {
    LinkPipe& pipe = link_->pipe[1 - side_];
    if (pipe.ended || link_->half_open) return;
    pipe.ended = true;
    if (LinkEnd* peer = link_->end[1 - side_]) peer->readable.notify();
  }

  NetworkMachine& machine_;
  io::Clock& clock_;
  std::shared_ptr<Link> link_;
  int side_;
  bool closed_ = false;
  bool shut_ = false;
  std::string host_ = "127.0.0.1";
  LinkEnd end_;
};

}  // namespace

struct ListenerState {
  ListenerState(ProcessId by, SimLoop& loop) : owner(by), arrived(loop) {}
  ProcessId owner;
  std::deque<std::shared_ptr<Link>> waiting;
  io::Signal arrived;
};

namespace {

class SimListener final : public io::Listener {
 public:
  SimListener(NetworkMachine& machine, SimLoop& loop, io::Clock& clock, ProcessId owner,
              std::string at)
      : machine_(machine), loop_(loop), clock_(clock), at_(std::move(at)), state_(owner, loop) {
    machine_.listeners[at_] = &state_;
  }
  ~SimListener() override { close(); }

  io::Task<Result<std::unique_ptr<io::Connection>>> accept() override {
    while (!closed_ && state_.waiting.empty()) co_await state_.arrived.wait();
    if (closed_) co_return fail(ErrorCode::closed, "the listener was closed");
    auto link = std::move(state_.waiting.front());
    state_.waiting.pop_front();
    co_return std::make_unique<SimConnection>(machine_, loop_, clock_, state_.owner,
                                              std::move(link), 1);
  }
  io::Address address() const override { return {at_}; }
  void close() override {
    closed_ = true;
    const auto found = machine_.listeners.find(at_);
    if (found != machine_.listeners.end() && found->second == &state_) {
      machine_.listeners.erase(found);
    }
    state_.arrived.notify();
  }

 private:
  NetworkMachine& machine_;
  SimLoop& loop_;
  io::Clock& clock_;
  std::string at_;
  bool closed_ = false;
  ListenerState state_;
};

}  // namespace

int64_t NetworkMachine::latency_micros() {
  const int64_t usual = static_cast<int64_t>(random.between(10, 100));
  return strikes(&Faults::slow_network) ? usual * 10'000 : usual;
}

void NetworkMachine::crash(ProcessId owner) {
  std::erase_if(listeners, [owner](const auto& entry) { return entry.second->owner == owner; });
  std::erase_if(links, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : links) {
    const auto link = weak.lock();
    for (LinkEnd*& end : link->end) {
      if (end == nullptr || end->owner != owner) continue;
      end = nullptr;
      link->cut = true;
    }
    if (link->cut) link->tell_all();
  }
}

Result<std::unique_ptr<io::Listener>> SimNetwork::listen(io::Address at) {
  if (at.text.ends_with(":0")) {
    constexpr uint64_t first_port = 40'000;
    at.text.pop_back();
    at.text += std::to_string(first_port + machine_.ports_given++);
  }
  if (machine_.listeners.contains(at.text)) {
    return fail(ErrorCode::already_exists, "cannot listen on " + at.text + ": Address in use");
  }
  return std::make_unique<SimListener>(machine_, loop_, clock_, owner_, at.text);
}

Result<std::unique_ptr<io::Listener>> SimNetwork::adopt_listener(int) {
  return fail(ErrorCode::unsupported, "a simulated network has no descriptors");
}

io::Task<Result<std::unique_ptr<io::Connection>>> SimNetwork::connect(io::Address to, Instant) {
  co_await clock_.sleep_until(Instant{clock_.now().micros + machine_.latency_micros()});
  const auto listener = machine_.listeners.find(to.text);
  if (listener == machine_.listeners.end()) {
    co_return fail(ErrorCode::io_failed, "cannot connect to " + to.text + ": Connection refused");
  }
  auto link = std::make_shared<Link>();
  machine_.links.push_back(link);
  auto connection = std::make_unique<SimConnection>(machine_, loop_, clock_, owner_, link, 0);
  listener->second->waiting.push_back(std::move(link));
  listener->second->arrived.notify();
  co_return connection;
}

}  // namespace mr::sim
