#include "hog/library_regex.h"

#include <re2/re2.h>

#include "hog/context.h"
#include "hog/library.h"
#include "hog/print.h"

namespace mr::hog {
namespace {

constexpr size_t patterns_max = 16;
constexpr int64_t pattern_memory_max = 256 << 10U;
constexpr uint64_t bytes_per_work = 16;

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

std::string like_pattern(std::string_view like) {
  std::string pattern;
  std::string literal;
  const auto flush = [&] {
    pattern += re2::RE2::QuoteMeta(literal);
    literal.clear();
  };
  for (const char c : like) {
    if (c != '%' && c != '_') {
      literal += c;
      continue;
    }
    flush();
    pattern += c == '%' ? ".*" : ".";
  }
  flush();
  return pattern;
}

// The plain text that a pattern of like asks for, if % stands only at its ends.
bool is_plain(std::string_view like, std::string_view& wanted) {
  while (like.starts_with('%')) like.remove_prefix(1);
  while (like.ends_with('%')) like.remove_suffix(1);
  wanted = like;
  return like.find_first_of("%_") == std::string_view::npos;
}

// A text as such, anything else as it prints.
Result<Value> subject(Context& context, const Value& value) {
  if (value.is_text()) return value;
  return printed(context, value);
}

Result<Value> call_match(Context& context, std::span<const Value> arguments) {
  MR_TRY(const bool found, matches(context, arguments[0], arguments[1], LetterCase::same));
  return Value(found);
}

template <LetterCase letters, bool negated>
Result<Value> call_like(Context& context, std::span<const Value> arguments) {
  MR_TRY(const bool found, is_like(context, arguments[0], arguments[1], letters));
  return Value(found != negated);
}

// The first group of the first match, or all of it.
Result<Value> call_extract(Context& context, std::span<const Value> arguments) {
  const Value& text = arguments[0];
  if (!text.is_text() || !arguments[1].is_text()) return make_text(context.heap, "");
  MR_TRY(const re2::RE2* regex, context.regexes.find(arguments[1].text().view(), LetterCase::same));
  context.budget.work(text.text().size / bytes_per_work);
  re2::StringPiece groups[2];
  const int wanted = regex->NumberOfCapturingGroups() > 0 ? 2 : 1;
  const re2::StringPiece whole = piece(text.text().view());
  if (!regex->Match(whole, 0, whole.size(), re2::RE2::UNANCHORED, groups, wanted)) {
    return make_text(context.heap, "");
  }
  const re2::StringPiece& found = groups[wanted - 1];
  return make_text(context.heap, {found.data(), found.size()});
}

constexpr LibraryFunction functions[] = {
    {"match", 2, 2, call_match},
    {"like", 2, 2, call_like<LetterCase::same, false>},
    {"ilike", 2, 2, call_like<LetterCase::any, false>},
    {"notLike", 2, 2, call_like<LetterCase::same, true>},
    {"notILike", 2, 2, call_like<LetterCase::any, true>},
    {"extractRegex", 2, 2, call_extract},
};

}  // namespace

struct RegexCache::Entry {
  std::string pattern;
  LetterCase letters;
  std::unique_ptr<re2::RE2> regex;
};

RegexCache::RegexCache() = default;
RegexCache::~RegexCache() = default;

Result<const re2::RE2*> RegexCache::find(std::string_view pattern, LetterCase letters) {
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->letters != letters || entry->pattern != pattern) continue;
    entries_.splice(entries_.begin(), entries_, entry);
    return entry->regex.get();
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(pattern_memory_max);
  options.set_case_sensitive(letters == LetterCase::same);
  auto regex = std::make_unique<re2::RE2>(piece(pattern), options);
  if (!regex->ok()) {
    return fail(ErrorCode::invalid_input, "Invalid regular expression: " + regex->error());
  }
  if (entries_.size() == patterns_max) entries_.pop_back();
  entries_.push_front({std::string(pattern), letters, std::move(regex)});
  return entries_.front().regex.get();
}

Result<bool> is_like(Context& context, const Value& text, const Value& pattern,
                     LetterCase letters) {
  MR_TRY(const Value searched, subject(context, text));
  MR_TRY(const Value wanted, subject(context, pattern));
  if (!searched.is_text() || !wanted.is_text()) return false;
  context.budget.work(searched.text().size / bytes_per_work);
  std::string_view plain;
  if (letters == LetterCase::same && is_plain(wanted.text().view(), plain)) {
    return searched.text().view().find(plain) != std::string_view::npos;
  }
  MR_TRY(const re2::RE2* regex, context.regexes.find(like_pattern(wanted.text().view()), letters));
  return re2::RE2::PartialMatch(piece(searched.text().view()), *regex);
}

Result<bool> matches(Context& context, const Value& text, const Value& pattern,
                     LetterCase letters) {
  if (text.is_null() || pattern.is_null()) return false;
  MR_TRY(const Value searched, subject(context, text));
  MR_TRY(const Value wanted, subject(context, pattern));
  if (!searched.is_text() || !wanted.is_text()) return false;
  if (searched.text().size == 0 || wanted.text().size == 0) return false;
  context.budget.work(searched.text().size / bytes_per_work);
  MR_TRY(const re2::RE2* regex, context.regexes.find(wanted.text().view(), letters));
  return re2::RE2::PartialMatch(piece(searched.text().view()), *regex);
}

std::span<const LibraryFunction> regex_functions() {
  return functions;
}

}  // namespace mr::hog
