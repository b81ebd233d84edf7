#pragma once

#include <string>
#include <string_view>

namespace mr::ingest {

// The one-line form of an autocapture event's $elements, innermost element first: tags with classes
// and attributes, as the reference writes and queries it (contract 5.11). Empty for anything but an
// array of objects.
std::string elements_to_chain(std::string_view raw_elements);

}  // namespace mr::ingest
