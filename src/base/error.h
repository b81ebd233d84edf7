#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mr {

// What kind of failure an Error is: callers branch on this, people read the message.
enum class ErrorCode : uint8_t {
  invalid_input,   // the caller's data is wrong; retrying the same data cannot help
  unauthorized,    // no token, or one we do not know
  not_found,       // the named thing does not exist
  already_exists,  // the named thing exists and may not be replaced
  too_large,       // a named limit was exceeded
  busy,            // a bounded queue is full or another process holds the thing; retry later
  no_space,        // the disk, or the share of it that we may use, is full
  closed,          // the other side, or our own shutdown, ended it
  timed_out,       // a deadline passed
  corrupt,         // stored bytes fail their checks
  unsupported,     // valid, but a version or feature that we do not have
  io_failed,       // the operating system refused; the message has its words
  failed,          // a library refused; the message has its words
};

// The code as a stable snake_case word, for logs and metrics labels.
std::string_view to_string(ErrorCode code);

// A failure that can happen: what was attempted, on what, and what the system said. A value: it
// is copied and passed on with MR_TRY, and each level may add what it was doing.
class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  // One sentence without a final full stop, fit for a user's eyes.
  const std::string& message() const { return message_; }

  // The same failure seen from one level further up: "opening the log: <message>".
  [[nodiscard]] Error within(std::string_view attempt) const;

 private:
  ErrorCode code_;
  std::string message_;
};

// The failure that `errno` holds after `attempt` on `subject`: "cannot open /x: No such file or
// directory". ENOSPC and EDQUOT become no_space, ENOENT not_found, EEXIST already_exists.
Error error_from_errno(int error_number, std::string_view attempt, std::string_view subject);

}  // namespace mr
