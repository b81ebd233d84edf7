#pragma once

#include <string>
#include <string_view>

#include "hog/program.h"

namespace mr::hog {

// Literals as the source writes them, and back. What is read here has passed the lexer, so nothing
// can fail; what is written here reads back as the same value.

// A text or a quoted name with its quotes: doubled quotes are one, escapes are what they stand for
// (\xHH stays as written, as in the reference).
std::string read_quoted(std::string_view raw);
// A piece of f'…' between its holes.
std::string read_template_text(std::string_view raw);
// The same for a full template, where quotes are ordinary and unknown escapes stay.
std::string read_full_template_text(std::string_view raw);

// A number: int64 where it fits, else double. Decimal (also with leading zeros), 0x, 0b, fraction,
// exponent, hexadecimal fraction with p.
Cell read_number(std::string_view raw);
// The number with its sign turned; the lowest int64 is reached from its positive form.
Cell negated(std::string_view raw);

// 'text'
std::string write_string(std::string_view text);
// name where that is one, else `name`.
std::string write_name(std::string_view name);
// What stands between the holes of f'…' and of a full template.
std::string write_template_text(std::string_view text);
std::string write_full_template_text(std::string_view text);
// A constant: null, true, a number that reads back exactly, 'text'.
std::string write_constant(const Cell& constant);

}  // namespace mr::hog
