#include "ingest/illegal_ids.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace mr::ingest {
namespace {

constexpr std::string_view in_any_case[] = {
    "anonymous",         "guest", "distinctid", "distinct_id", "id",
    "not_authenticated", "email", "undefined",  "true",        "false"};
constexpr std::string_view in_this_case[] = {"[object Object]", "NaN", "None", "none", "null", "0",
                                             "undefined"};

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
}

bool is_listed(std::string_view id) {
  if (std::find(std::begin(in_this_case), std::end(in_this_case), id) != std::end(in_this_case)) {
    return true;
  }
  std::string lower(id);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return std::find(std::begin(in_any_case), std::end(in_any_case), lower) != std::end(in_any_case);
}

size_t characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

bool is_illegal_for_merging(std::string_view id) {
  if (is_blank(id) || is_listed(id)) return true;
  const bool quoted =
      id.size() >= 2 && id.front() == id.back() && (id.front() == '"' || id.front() == '\'');
  if (quoted && is_listed(id.substr(1, id.size() - 2))) return true;
  if (id.find('\0') != std::string_view::npos) return true;
  return characters(id) > merged_id_characters_max;
}

}  // namespace mr::ingest
