#pragma once

#include <span>
#include <string>
#include <string_view>

#include "hog/context.h"
#include "hog/text.h"

namespace mr::hog {

// How values look to people: [1, 'a', {'k': null}]. A text at the top stands as it is, inside of
// something it is quoted. A cycle prints as null. Errors: invalid_input, nested too deeply.
Result<void> append_printed(TextBuilder& out, Budget& budget, const Value& value);

// The same as a value of kind text.
Result<Value> printed(Context& context, const Value& value);

// What print() writes: the values with a blank between them.
Result<std::string> printed_line(Context& context, std::span<const Value> values);

// A name as source text: in backticks where it is no plain identifier.
std::string quoted_name(std::string_view name);

}  // namespace mr::hog
