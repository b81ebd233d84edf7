#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hog/value.h"

namespace mr::hog {

// The rules by which values of one kind stand for another: those of JavaScript, in which the
// programs that we must run were born.

// Null, false, 0, NaN and '' are false.
bool is_truthy(const Value& value);

// A number as a program would compute with it; NaN where that makes no sense.
double to_number(const Value& value);

// The shortest text that reads back as the same number: "1", "0.1", "1e+21", "NaN".
std::string number_text(double number);

// What `toInt` and `toFloat` read: the number that a text begins with.
std::optional<double> leading_integer(std::string_view text);
std::optional<double> leading_float(std::string_view text);

// The text between white space as JavaScript knows it.
std::string_view trim_blanks(std::string_view text);

// "integer", "string"…: what typeof says.
std::string_view type_name(const Value& value);

}  // namespace mr::hog
