#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "hog/value.h"

namespace re2 {
class RE2;
}

namespace mr::hog {

struct Context;

enum class LetterCase : bool { same, any };

// Compiled patterns (RE2: time linear in the text, memory bounded), the most recently used ones
// kept.
class RegexCache {
 public:
  RegexCache();
  ~RegexCache();

  // Errors: invalid_input, the pattern is malformed or too large.
  Result<const re2::RE2*> find(std::string_view pattern, LetterCase letters);

 private:
  struct Entry;
  std::list<Entry> entries_;
};

// The operators like and ilike: % is any run of characters of a line, _ one; found anywhere in the
// text. What is no text is searched in its printed form.
Result<bool> is_like(Context& context, const Value& text, const Value& pattern, LetterCase letters);

// The operators =~ and match(): false where either side is empty or null.
Result<bool> matches(Context& context, const Value& text, const Value& pattern, LetterCase letters);

}  // namespace mr::hog
