#pragma once

#include <cstdint>
#include <string_view>

namespace mr::event {

// Why a token cannot be one (contract: capture section 1). Whether a well-formed token exists is
// the catalog's question.
enum class TokenProblem : uint8_t {
  none,
  empty,
  too_long,
  not_ascii,
  personal_api_key,  // a secret of a person, which has no business in an event
  null_byte,
};
std::string_view to_string(TokenProblem problem);

inline constexpr size_t token_bytes_max = 64;

struct TokenVerdict {
  std::string_view token;  // without surrounding white space; a view into what was given
  TokenProblem problem;
};

// Trims the token and checks its shape.
TokenVerdict check_token(std::string_view given);

}  // namespace mr::event
