#pragma once

#include "catalog/snapshot.h"
#include "http/response.h"

namespace mr::serve {

// Where the hash of the admin token is looked up at each request.
class AdminTokens {
 public:
  virtual ~AdminTokens() = default;
  virtual io::Task<bool> matches(std::string token) = 0;
};

// Lets a request through to `inner` only with `Authorization: Bearer <admin token>`; else 401 with
// what to do. Stands before the control API where it is reached over TCP.
class AdminGate final : public http::Handler {
 public:
  AdminGate(http::Handler& inner, AdminTokens& tokens) : inner_(inner), tokens_(tokens) {}

  size_t body_bytes_max(const http::RequestHead& head) const override {
    return inner_.body_bytes_max(head);
  }
  io::Task<http::Response> handle(http::Request request) override;

 private:
  http::Handler& inner_;
  AdminTokens& tokens_;
};

}  // namespace mr::serve
