#pragma once

#include "io/network.h"

namespace mr::io {

class EpollLoop;

// The real Network: non-blocking TCP and unix sockets on the loop's epoll instance.
class RealNetwork final : public Network {
 public:
  explicit RealNetwork(EpollLoop& loop) : loop_(loop) {}

  Result<std::unique_ptr<Listener>> listen(Address at) override;
  Result<std::unique_ptr<Listener>> adopt_listener(int descriptor) override;
  Task<Result<std::unique_ptr<Connection>>> connect(Address to, Instant deadline) override;

  // Binds and listens like listen(), but yields the raw descriptor, for a parent that hands it to
  // one child (ChildCommand::kept_descriptors); other children do not get it. The caller owns it.
  static Result<int> listen_for_child(const Address& at);

 private:
  EpollLoop& loop_;
};

}  // namespace mr::io
