#pragma once

#include <expected>
#include <utility>

#include "base/error.h"

namespace mr {

// What a fallible function returns: a value, or an Error. std::expected is [[nodiscard]] by use:
// -Werror turns a dropped Result of a [[nodiscard]] function into a build failure.
template <typename T>
using Result = std::expected<T, Error>;

// Makes a failed Result of any type: `return fail(ErrorCode::corrupt, "…");`
inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected<Error>(Error(code, std::move(message)));
}
inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

}  // namespace mr

#define MR_CONCAT_INNER(a, b) a##b
#define MR_CONCAT(a, b) MR_CONCAT_INNER(a, b)

#define MR_TRY_IMPL(result, declaration, leave, ...)             \
  auto result = (__VA_ARGS__);                                   \
  if (!result) leave std::unexpected(std::move(result).error()); \
  declaration = *std::move(result)

// MR_TRY(auto value, expression): binds the value of a Result, or returns its error.
// In a coroutine use MR_CO_TRY. The declaration form (not a statement expression) is deliberate:
// GCC 12 cannot compile `co_await` inside a statement expression.
#define MR_TRY(declaration, ...) \
  MR_TRY_IMPL(MR_CONCAT(mr_result_, __LINE__), declaration, return, __VA_ARGS__)
#define MR_CO_TRY(declaration, ...) \
  MR_TRY_IMPL(MR_CONCAT(mr_result_, __LINE__), declaration, co_return, __VA_ARGS__)

// The same for Result<void>, or where the value is not wanted.
#define MR_CHECK(...)                                        \
  do {                                                       \
    if (auto mr_checked = (__VA_ARGS__); !mr_checked)        \
      return std::unexpected(std::move(mr_checked).error()); \
  } while (false)
#define MR_CO_CHECK(...)                                        \
  do {                                                          \
    if (auto mr_checked = (__VA_ARGS__); !mr_checked)           \
      co_return std::unexpected(std::move(mr_checked).error()); \
  } while (false)
