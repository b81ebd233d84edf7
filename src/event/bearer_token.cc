#include "event/bearer_token.h"

#include "event/token.h"

namespace mr::event {

std::expected<std::string, Refusal> read_bearer_token(
    std::optional<std::string_view> authorization) {
  constexpr std::string_view scheme = "Bearer ";
  if (!authorization || !authorization->starts_with(scheme)) {
    return refuse(401, RefusalReason::missing_token,
                  "the request has no project token (Authorization: Bearer TOKEN)");
  }
  const TokenVerdict verdict = check_token(authorization->substr(scheme.size()));
  if (verdict.problem != TokenProblem::none) {
    return refuse(401, RefusalReason::malformed_token,
                  "the project token is malformed: " + std::string(to_string(verdict.problem)));
  }
  return std::string(verdict.token);
}

}  // namespace mr::event
