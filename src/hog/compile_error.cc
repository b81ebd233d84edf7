#include "hog/compile_error.h"

#include <algorithm>

#include "codec/utf8.h"

namespace mr::hog {
namespace {

// Names longer than this are not compared: nobody mistypes them by hand.
constexpr size_t compared_name_max = 64;
constexpr size_t shown_line_max = 160;

size_t line_begin(std::string_view source, size_t at) {
  const size_t found = source.substr(0, at).rfind('\n');
  return found == std::string_view::npos ? 0 : found + 1;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// How many letters must be inserted, removed or replaced to turn one name into the other; cases do
// not count.
size_t distance(std::string_view left, std::string_view right) {
  std::vector<size_t> row(right.size() + 1);
  for (size_t i = 0; i <= right.size(); ++i) row[i] = i;
  for (size_t i = 0; i < left.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < right.size(); ++j) {
      const size_t above = row[j + 1];
      const size_t replaced = diagonal + (lower(left[i]) == lower(right[j]) ? 0 : 1);
      row[j + 1] = std::min({above + 1, row[j] + 1, replaced});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string_view to_string(CompileErrorKind kind) {
  switch (kind) {
    case CompileErrorKind::syntax:
      return "syntax";
    case CompileErrorKind::semantics:
      return "semantics";
    case CompileErrorKind::limit:
      return "limit";
  }
  return "unknown";
}

SourcePlace place_of(std::string_view source, Span span) {
  const size_t at = std::min<size_t>(span.begin, source.size());
  const size_t begin = line_begin(source, at);
  SourcePlace place;
  place.line += static_cast<size_t>(std::ranges::count(source.substr(0, begin), '\n'));
  place.column += codec::code_point_count(source.substr(begin, at - begin));
  return place;
}

std::string render(std::string_view source, std::string_view name, std::string_view severity,
                   Span span, std::string_view message, std::string_view hint) {
  const SourcePlace place = place_of(source, span);
  const size_t at = std::min<size_t>(span.begin, source.size());
  const size_t begin = line_begin(source, at);
  std::string_view line = source.substr(begin, source.find('\n', begin) - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);

  std::string out(name);
  out += ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": ";
  out += std::string(severity) + ": " + std::string(message) + "\n";
  if (line.size() <= shown_line_max) {
    // Tabs stay tabs, so that the caret stands right below its place.
    std::string indent;
    for (const char c : line.substr(0, std::min(at - begin, line.size()))) {
      if (c == '\t')
        indent += '\t';
      else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80)
        indent += ' ';
    }
    const size_t marked_end = std::min<size_t>(std::max<size_t>(span.end, at), begin + line.size());
    const size_t marked =
        marked_end > at ? codec::code_point_count(source.substr(at, marked_end - at)) : 1;
    out += "  " + std::string(line) + "\n  " + indent + "^" + std::string(marked - 1, '~') + "\n";
  }
  if (!hint.empty()) out += "  hint: " + std::string(hint) + "\n";
  return out;
}

std::string render(std::string_view source, std::string_view name, const CompileError& error) {
  return render(source, name, "error", error.span, error.message, error.hint);
}

std::string render(std::string_view source, std::string_view name, const CompileWarning& warning) {
  return render(source, name, "warning", warning.span, warning.message, warning.hint);
}

std::string nearest_name(std::string_view name, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  size_t best_distance = std::max<size_t>(1, name.size() / 3) + 1;
  if (name.size() > compared_name_max) return {};
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > compared_name_max || candidate == name) continue;
    const size_t found = distance(name, candidate);
    if (found < best_distance) {
      best_distance = found;
      best = candidate;
    }
  }
  return std::string(best);
}

}  // namespace mr::hog
