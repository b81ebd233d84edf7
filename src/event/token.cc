#include "event/token.h"

#include <algorithm>

#include "codec/utf8.h"

namespace mr::event {
namespace {

TokenProblem find_token_problem(std::string_view token) {
  if (token.empty()) return TokenProblem::empty;
  if (token.size() > token_bytes_max) return TokenProblem::too_long;
  if (std::ranges::any_of(token, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
    return TokenProblem::not_ascii;
  }
  if (token.starts_with("phx_")) return TokenProblem::personal_api_key;
  if (token.find('\0') != std::string_view::npos) return TokenProblem::null_byte;
  return TokenProblem::none;
}

}  // namespace

std::string_view to_string(TokenProblem problem) {
  switch (problem) {
    case TokenProblem::none:
      return "none";
    case TokenProblem::empty:
      return "empty";
    case TokenProblem::too_long:
      return "too_long";
    case TokenProblem::not_ascii:
      return "not_ascii";
    case TokenProblem::personal_api_key:
      return "personal_api_key";
    case TokenProblem::null_byte:
      return "null_byte";
  }
  return "unknown";
}

TokenVerdict check_token(std::string_view given) {
  const std::string_view token = codec::trim(given);
  return {token, find_token_problem(token)};
}

}  // namespace mr::event
