#include "ingest/elements_chain.h"

#include <algorithm>
#include <map>
#include <vector>

#include "codec/json_object.h"
#include "codec/json_text.h"
#include "ingest/text_limits.h"

namespace mr::ingest {
namespace {

constexpr size_t text_units_max = 400;
constexpr size_t href_units_max = 2048;

// The order of ASCII characters in the root collation, by which attributes are sorted: marks before
// digits before letters, letters without regard to case.
int rank_of(unsigned char c) {
  constexpr std::string_view marks = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
  if (const size_t at = marks.find(static_cast<char>(c)); at != std::string_view::npos) {
    return static_cast<int>(at);
  }
  if (c >= '0' && c <= '9') return 100 + c;
  if (c >= 'A' && c <= 'Z') return 200 + c - 'A' + 'a';
  return 200 + c;
}

struct CollationOrder {
  bool operator()(const std::string& left, const std::string& right) const {
    const size_t shared = std::min(left.size(), right.size());
    for (size_t i = 0; i < shared; ++i) {
      const int a = rank_of(static_cast<unsigned char>(left[i]));
      const int b = rank_of(static_cast<unsigned char>(right[i]));
      if (a != b) return a < b;
    }
    if (left.size() != right.size()) return left.size() < right.size();
    // The same but for case: lower case, which has the greater code, comes first.
    return left > right;
  }
};

// Valid UTF-8 in code point order differs from UTF-16 order only above U+FFFF, which classes lack.
std::vector<std::string> classes_of(std::string_view raw) {
  std::vector<std::string> classes;
  if (json::kind_of(raw) == json::Kind::array) {
    if (auto items = json::split_array(raw)) {
      for (const std::string_view item : *items) classes.push_back(json::to_plain_text(item));
    }
  } else if (json::is_string(raw)) {
    const std::string text = json::to_plain_text(raw);
    size_t start = 0;
    for (;;) {
      const size_t blank = text.find(' ', start);
      classes.push_back(text.substr(start, blank - start));
      if (blank == std::string::npos) break;
      start = blank + 1;
    }
  }
  std::sort(classes.begin(), classes.end());
  return classes;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    if (&text != &texts.front()) out += ',';
    out += text;
  }
  return out;
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '"') out += '\\';
    out += c;
  }
}

std::string text_under(const json::Object& element, std::string_view key) {
  const auto raw = element.find(key);
  if (!raw || !json::is_truthy(*raw)) return {};
  return json::to_plain_text(*raw);
}

using Attributes = std::map<std::string, std::string, CollationOrder>;

Attributes attributes_of(const json::Object& element, const std::vector<std::string>& classes) {
  Attributes attributes;
  const auto put = [&](const char* key, std::string_view text) {
    if (!text.empty()) attributes[key] = text;
  };
  const std::string text = text_under(element, "$el_text");
  const std::string href = text_under(element, "attr__href");
  put("text", cut_utf16(text, text_units_max));
  put("href", cut_utf16(href, href_units_max));
  put("attr_id", text_under(element, "attr__id"));
  for (const auto& [key, name] :
       {std::pair{"nth_child", "nth-child"}, std::pair{"nth_of_type", "nth-of-type"}}) {
    const std::string number = text_under(element, key);
    attributes[name] = number.empty() ? "0" : number;
  }
  for (const json::Member& member : element) {
    if (!member.key.starts_with("attr__")) continue;
    const bool sorted_classes =
        member.key == "attr__class" && json::kind_of(member.raw) == json::Kind::array;
    attributes[std::string(member.key)] =
        sorted_classes ? joined(classes) : json::to_plain_text(member.raw);
  }
  return attributes;
}

void append_element(std::string& chain, const json::Object& element) {
  std::vector<std::string> classes;
  if (const auto raw = element.find("attr__class")) classes = classes_of(*raw);
  chain += text_under(element, "tag_name");
  for (std::string name : classes) {
    std::erase(name, '"');
    chain += '.';
    chain += name;
  }
  chain += ':';
  for (const auto& [key, value] : attributes_of(element, classes)) {
    append_escaped(chain, key);
    chain += "=\"";
    append_escaped(chain, value);
    chain += '"';
  }
}

}  // namespace

std::string elements_to_chain(std::string_view raw_elements) {
  std::string chain;
  if (json::kind_of(raw_elements) != json::Kind::array) return chain;
  const auto items = json::split_array(raw_elements);
  if (!items) return chain;
  for (const std::string_view item : *items) {
    if (json::kind_of(item) != json::Kind::object) return {};
    const auto element = json::Object::parse(item);
    if (!element) return {};
    if (!chain.empty()) chain += ';';
    append_element(chain, *element);
  }
  return chain;
}

}  // namespace mr::ingest
