#pragma once

#include <string>
#include <string_view>

#include "hog/coerce.h"
#include "hog/library.h"
#include "hog/print.h"
#include "hog/text.h"

// Small things that the files of the library share.
namespace mr::hog {

// What functions of the library are called with.
using Arguments = std::span<const Value>;

inline std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::invalid_input, std::move(message));
}

// The argument as a text; what is none is refused.
inline Result<std::string_view> text_argument(const Value& value) {
  if (value.is_text()) return value.text().view();
  return refuse("Expected a text, not " + std::string(type_name(value)));
}

inline Value make_number(double number) {
  return Value(number);
}

// A list of the given kind from what `next` gives for each index; null when memory runs out.
template <typename Next>
Value make_list_of(Context& context, size_t count, Next next) {
  Value made = make_list(context.heap);
  if (made.is_null() || !made.list().reserve(count)) return {};
  for (size_t i = 0; i < count && context.budget.work(1); ++i) {
    if (!made.list().push(next(i))) return {};
  }
  return made;
}

// The text form that toString, concat and joined lists use: dates as people write them.
Result<void> append_text(TextBuilder& out, Context& context, const Value& value);

}  // namespace mr::hog
