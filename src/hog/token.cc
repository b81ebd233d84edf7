#include "hog/token.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mr::hog {
namespace {

constexpr size_t word_length_max = 8;

// Sorted, so that it can be searched by halving.
constexpr auto words = std::to_array<std::pair<std::string_view, Word>>({
    {"and", Word::and_},
    {"as", Word::as},
    {"between", Word::between},
    {"case", Word::case_},
    {"cast", Word::cast},
    {"catch", Word::catch_},
    {"cohort", Word::cohort},
    {"distinct", Word::distinct},
    {"else", Word::else_},
    {"end", Word::end},
    {"false", Word::false_},
    {"finally", Word::finally},
    {"fn", Word::fn},
    {"for", Word::for_},
    {"fun", Word::fun},
    {"if", Word::if_},
    {"ilike", Word::ilike},
    {"in", Word::in},
    {"inf", Word::inf},
    {"infinity", Word::infinity},
    {"interval", Word::interval},
    {"is", Word::is},
    {"let", Word::let},
    {"like", Word::like},
    {"nan", Word::nan},
    {"not", Word::not_},
    {"null", Word::null},
    {"or", Word::or_},
    {"return", Word::return_},
    {"select", Word::select},
    {"then", Word::then},
    {"throw", Word::throw_},
    {"true", Word::true_},
    {"try", Word::try_},
    {"when", Word::when},
    {"while", Word::while_},
});
static_assert(std::ranges::is_sorted(words, {}, &std::pair<std::string_view, Word>::first));

// In the order of TokenKind.
constexpr std::string_view kind_names[] = {
    "the end of the source",
    "a name",
    "a number",
    "a text",
    "a template",
    "text of a template",
    "the end of the template",
    "`{`",
    "`}`",
    "a tag",
    "an attribute",
    "`=`",
    "`>`",
    "`/>`",
    "text of a tag",
    "a closing tag",
    "`(`",
    "`)`",
    "`[`",
    "`]`",
    "`{`",
    "`}`",
    "`,`",
    "`;`",
    "`:`",
    "`::`",
    "`:=`",
    "`->`",
    "`.`",
    "`?.`",
    "`?`",
    "`\?\?`",
    "`+`",
    "`-`",
    "`*`",
    "`/`",
    "`%`",
    "`||`",
    "`=`",
    "`!=`",
    "`<`",
    "`<=`",
    "`>`",
    "`>=`",
    "`=~`",
    "`!~`",
    "`=~*`",
    "`!~*`",
};
static_assert(std::size(kind_names) == static_cast<size_t>(TokenKind::not_iregex) + 1);

}  // namespace

Word word_of(std::string_view text) {
  if (text.size() < 2 || text.size() > word_length_max) return Word::none;
  std::array<char, word_length_max> lower{};
  std::ranges::transform(text, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const std::string_view wanted(lower.data(), text.size());
  if (lower[0] < 'a' || lower[0] > 'w') return Word::none;
  const auto found =
      std::ranges::lower_bound(words, wanted, {}, &std::pair<std::string_view, Word>::first);
  return found != words.end() && found->first == wanted ? found->second : Word::none;
}

bool is_reserved(Word word) {
  switch (word) {
    case Word::let:
    case Word::fn:
    case Word::fun:
    case Word::throw_:
    case Word::try_:
    case Word::catch_:
    case Word::finally:
    case Word::while_:
    case Word::null:
    case Word::inf:
    case Word::infinity:
    case Word::nan:
      return true;
    default:
      return false;
  }
}

std::string_view name_of(TokenKind kind) {
  return kind_names[static_cast<size_t>(kind)];
}

}  // namespace mr::hog
