#pragma once

namespace mr {

// Ends the process after printing what was violated and where. Never returns.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace mr

// For what cannot happen unless our own code is wrong. On in release builds; never used on input
// from outside.
#define MR_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::mr::assertion_failed(#expression, __FILE__, __LINE__))
