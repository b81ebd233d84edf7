#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/task.h"

namespace mr::io {

// Where a stream ends: "127.0.0.1:8000", "[::1]:8000" or "unix:/path/to/socket". Host names are
// not resolved here.
struct Address {
  std::string text;
};

// One byte stream. One reader and one writer at a time (they may be different tasks).
class Connection {
 public:
  virtual ~Connection() = default;

  // Waits for bytes and yields how many were read, 0 when the peer has ended its side. Errors:
  // timed_out at `deadline`, closed when reset or after close().
  virtual Task<Result<size_t>> read_some(MutableBytes into, Instant deadline) = 0;
  // Sends all of `data`, which must live until this returns. Same errors.
  virtual Task<Result<void>> write_all(ByteView data, Instant deadline) = 0;
  // Ends our sending side; the peer reads 0.
  virtual void shutdown_write() = 0;
  // Ends both sides; suspended calls complete with closed.
  virtual void close() = 0;
  // The peer's address ("127.0.0.1", without port; empty for a unix socket).
  virtual const std::string& peer_host() const = 0;
  // Whether nobody between the peer and us can read it.
  virtual bool is_encrypted() const { return false; }
};

class Listener {
 public:
  virtual ~Listener() = default;
  // Waits for the next connection. closed after close(); any other error is of the one connection
  // or of a full descriptor table, and accepting may go on after a pause.
  virtual Task<Result<std::unique_ptr<Connection>>> accept() = 0;
  // The bound address; with the real port when port 0 was asked for.
  virtual Address address() const = 0;
  virtual void close() = 0;
};

// The door of the network.
class Network {
 public:
  virtual ~Network() = default;
  // Binds and listens. already_exists when the address is taken. For a unix address a stale socket
  // file is replaced and the new one has mode 0600.
  virtual Result<std::unique_ptr<Listener>> listen(Address at) = 0;
  // Listens on an inherited, already listening descriptor (real network only; the simulator fails
  // with unsupported).
  virtual Result<std::unique_ptr<Listener>> adopt_listener(int descriptor) = 0;
  virtual Task<Result<std::unique_ptr<Connection>>> connect(Address to, Instant deadline) = 0;
};

}  // namespace mr::io
