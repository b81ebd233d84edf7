#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mr::codec {

// What '+' means: a blank in forms and query strings, itself in paths.
enum class Plus : bool { is_blank, is_plus };

// Replaces %XX by its byte. Lenient as browsers are: a '%' without two digits stays as it is.
std::string percent_decode(std::string_view text, Plus plus);

// Everything but letters, digits and "-._~" becomes %XX.
std::string percent_encode(std::string_view text);

struct FormField {
  std::string name;
  std::string value;
};

// How many fields of a form or query string are read; further ones are ignored.
inline constexpr size_t form_fields_max = 256;

// The fields of a query string (without '?') or of an application/x-www-form-urlencoded body, in
// order, both sides decoded. A field without '=' has an empty value; empty pieces are skipped.
std::vector<FormField> parse_form(std::string_view text);

// The value of the first field of that name, or null.
const std::string* find_field(const std::vector<FormField>& fields, std::string_view name);

}  // namespace mr::codec
