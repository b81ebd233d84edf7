#pragma once

#include <string>
#include <string_view>

namespace mr::event {

// A distinct id as text from any JSON value: strings as they are, everything else as compact JSON;
// NUL becomes U+FFFD, white space around is cut off, and so is what exceeds
// distinct_id_characters_max. Empty for an empty `raw`, null and blank text: there is no id then.
std::string normalise_distinct_id(std::string_view raw);

// The same for text that is no longer JSON.
std::string normalise_distinct_id_text(std::string_view text);

// From any JSON value like the first, but with the white space around it, as /s keeps it.
std::string distinct_id_as_sent(std::string_view raw);

}  // namespace mr::event
