#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace mr {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_input:
      return "invalid_input";
    case ErrorCode::unauthorized:
      return "unauthorized";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::already_exists:
      return "already_exists";
    case ErrorCode::too_large:
      return "too_large";
    case ErrorCode::busy:
      return "busy";
    case ErrorCode::no_space:
      return "no_space";
    case ErrorCode::closed:
      return "closed";
    case ErrorCode::timed_out:
      return "timed_out";
    case ErrorCode::corrupt:
      return "corrupt";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::io_failed:
      return "io_failed";
    case ErrorCode::failed:
      return "failed";
  }
  return "unknown";
}

Error Error::within(std::string_view attempt) const {
  return Error(code_, std::string(attempt) + ": " + message_);
}

Error error_from_errno(int error_number, std::string_view attempt, std::string_view subject) {
  ErrorCode code = ErrorCode::io_failed;
  if (error_number == ENOSPC || error_number == EDQUOT) code = ErrorCode::no_space;
  if (error_number == ENOENT) code = ErrorCode::not_found;
  if (error_number == EEXIST) code = ErrorCode::already_exists;
  std::string message = "cannot " + std::string(attempt) + " " + std::string(subject) + ": " +
                        std::generic_category().message(error_number);
  return Error(code, std::move(message));
}

}  // namespace mr
