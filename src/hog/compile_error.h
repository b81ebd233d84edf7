#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hog/token.h"

namespace mr::hog {

enum class CompileErrorKind : uint8_t {
  syntax,     // the text is no program
  semantics,  // it is, but means nothing: an undeclared variable, a feature that is not supported
  limit,      // too long, too deeply nested
};

// "syntax", "semantics", "limit": what --json prints.
std::string_view to_string(CompileErrorKind kind);

// Why a source cannot be compiled, and where. A value of its own and not an Error, because people
// need the place and programs need the fields.
struct CompileError {
  CompileErrorKind kind = CompileErrorKind::syntax;
  std::string message;  // one sentence without a final full stop
  Span span;
  std::string hint;  // what to write instead; empty when nobody knows
};

// What every stage gives: its work or the first error.
template <typename T>
using Compiled = std::expected<T, CompileError>;

inline std::unexpected<CompileError> syntax_error(Span span, std::string message,
                                                  std::string hint = {}) {
  return std::unexpected(
      CompileError{CompileErrorKind::syntax, std::move(message), span, std::move(hint)});
}
inline std::unexpected<CompileError> semantic_error(Span span, std::string message,
                                                    std::string hint = {}) {
  return std::unexpected(
      CompileError{CompileErrorKind::semantics, std::move(message), span, std::move(hint)});
}

// Something odd in a source that compiles all the same.
struct CompileWarning {
  std::string message;
  Span span;
  std::string hint;
};

// A place as people count: from 1; columns in characters, not bytes.
struct SourcePlace {
  size_t line = 1;
  size_t column = 1;
};
SourcePlace place_of(std::string_view source, Span span);

// The message for people: "name:line:column: message", the line itself, a caret under the place,
// the hint. `severity` is "error" or "warning".
std::string render(std::string_view source, std::string_view name, std::string_view severity,
                   Span span, std::string_view message, std::string_view hint);
std::string render(std::string_view source, std::string_view name, const CompileError& error);
std::string render(std::string_view source, std::string_view name, const CompileWarning& warning);

// The candidate that was probably meant by `name`: at most a third of its letters differ. Empty
// when none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace mr::hog
