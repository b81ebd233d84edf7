#pragma once

#include <string_view>

namespace mr::ingest {

// Whether a distinct id is one that many people would share by accident ("null", "undefined",
// "anonymous" …), or cannot be stored; such ids never merge persons (contract 2.5).
bool is_illegal_for_merging(std::string_view distinct_id);

// Longer ids, in characters, do not merge either.
inline constexpr size_t merged_id_characters_max = 400;

}  // namespace mr::ingest
