#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mr::main {

// How a command finds the running server: by its data directory (the control socket in it, which
// only the same user may open) or by URL with the admin token.
struct ServerAddress {
  std::string data = "data";
  std::string url;          // when set, `data` is not used
  std::string admin_token;  // needed with a URL
};

struct Answer {
  long status = 0;
  std::string body;
};

// Takes the pieces of a streamed answer.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual void piece(std::string_view bytes) = 0;
};

// Talks to a server's control API, blocking, over libcurl. One object a command.
class ServerClient {
 public:
  explicit ServerClient(ServerAddress address) : address_(std::move(address)) {}

  // The answer whatever its status. Errors: not_found (no server runs there: the message says
  // where it looked and how to start one), busy (one runs, but the process that answers is down),
  // io_failed.
  Result<Answer> get(const std::string& path) const;
  Result<Answer> post(const std::string& path, const std::string& json_body) const;
  Result<Answer> remove(const std::string& path) const;
  // Gives a successful answer's body to `sink` as it comes; yields what a refusal said.
  Result<Answer> stream(const std::string& path, AnswerSink& sink) const;

 private:
  struct Question {
    const char* method = "GET";
    const std::string* json_body = nullptr;
    AnswerSink* sink = nullptr;
  };
  Result<Answer> perform(const std::string& path, Question question) const;

  ServerAddress address_;
};

}  // namespace mr::main
