#include "hog/text.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "hog/case_tables.h"

namespace mr::hog {
namespace {

constexpr uint32_t replacement = 0xfffd;
constexpr uint32_t final_sigma = 0x3c2;
constexpr uint32_t capital_sigma = 0x3a3;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

bool is_high_half(uint32_t code_point) {
  return code_point >= 0xd800 && code_point < 0xdc00;
}

bool is_low_half(uint32_t code_point) {
  return code_point >= 0xdc00 && code_point < 0xe000;
}

size_t units_of(const Character& character) {
  return character.code_point >= 0x10000 ? 2 : 1;
}

uint32_t first_unit(uint32_t code_point) {
  return code_point < 0x10000 ? code_point : 0xd7c0 + (code_point >> 10U);
}

// The other case of one character, appended.
template <size_t runs_count, size_t texts_count>
void append_case(std::string& out, uint32_t code_point, const CaseRun (&runs)[runs_count],
                 const CaseText (&texts)[texts_count]) {
  const auto* text = std::lower_bound(
      std::begin(texts), std::end(texts), code_point,
      [](const CaseText& entry, uint32_t wanted) { return entry.code_point < wanted; });
  if (text != std::end(texts) && text->code_point == code_point) {
    out += text->text;
    return;
  }
  const auto* run =
      std::lower_bound(std::begin(runs), std::end(runs), code_point,
                       [](const CaseRun& entry, uint32_t wanted) { return entry.last < wanted; });
  if (run != std::end(runs) && run->first <= code_point &&
      (code_point - run->first) % static_cast<uint32_t>(run->stride) == 0) {
    code_point = static_cast<uint32_t>(static_cast<int64_t>(code_point) + run->delta);
  }
  append_code_point(out, code_point);
}

// Whether the character at the position is a letter with a case. Good enough for the one question
// asked: whether a sigma ends its word.
bool is_cased_at(std::string_view text, size_t position) {
  std::string one;
  const Character character = character_at(text, position);
  append_code_point(one, character.code_point);
  return to_upper(one) != one || (character.code_point != capital_sigma && to_lower(one) != one);
}

bool ends_word(std::string_view text, size_t position, size_t size) {
  if (position == 0) return false;
  size_t before = position - 1;
  while (before > 0 && is_continuation(text[before])) --before;
  const bool after_letter = is_cased_at(text, before);
  const size_t next = position + size;
  return after_letter && (next >= text.size() || !is_cased_at(text, next));
}

}  // namespace

size_t utf16_units(std::string_view text) {
  size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += static_cast<size_t>((byte & 0xc0U) != 0x80) + static_cast<size_t>(byte >= 0xf0);
  }
  return units;
}

Character character_at(std::string_view text, size_t position) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[position + i]); };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const uint32_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc0 || lead > 0xf4 || position + size > text.size()) return {replacement, 1};
  uint32_t code_point = lead & (0x7fU >> size);
  for (uint32_t i = 1; i < size; ++i) {
    if (!is_continuation(text[position + i])) return {replacement, 1};
    code_point = (code_point << 6U) | (byte(i) & 0x3fU);
  }
  return {code_point, size};
}

void append_code_point(std::string& out, uint32_t code_point) {
  const auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  const auto put_tail = [&](uint32_t shift) { put(0x80U | ((code_point >> shift) & 0x3fU)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0U | (code_point >> 6U));
    put_tail(0);
  } else if (code_point < 0x10000) {
    put(0xe0U | (code_point >> 12U));
    put_tail(6);
    put_tail(0);
  } else {
    put(0xf0U | (code_point >> 18U));
    put_tail(12);
    put_tail(6);
    put_tail(0);
  }
}

size_t byte_of_unit(const Text& text, size_t unit) {
  if (text.is_ascii()) return std::min<size_t>(unit, text.size);
  const std::string_view view = text.view();
  size_t position = 0;
  for (size_t units = 0; position < view.size();) {
    const Character character = character_at(view, position);
    units += units_of(character);
    if (units > unit) break;
    position += character.size;
  }
  return position;
}

Value slice_units(Heap& heap, const Text& text, size_t from, size_t to) {
  to = std::min<size_t>(to, text.units);
  if (from >= to) return make_text(heap, "", 0);
  const std::string_view view = text.view();
  if (text.is_ascii()) return make_text(heap, view.substr(from, to - from), to - from);
  std::string slice;
  size_t unit = 0;
  for (size_t position = 0; position < view.size() && unit < to;) {
    const Character character = character_at(view, position);
    const size_t end = unit + units_of(character);
    if (unit >= from && end <= to) {
      slice += view.substr(position, character.size);
    } else if (end > from && end == unit + 2) {
      // The cut goes through a pair: one of its halves remains.
      if (unit >= from) append_code_point(slice, first_unit(character.code_point));
      if (unit + 1 >= from && end <= to) {
        append_code_point(slice, 0xdc00U | (character.code_point & 0x3ffU));
      }
    }
    unit = end;
    position += character.size;
  }
  return make_text(heap, slice, to - from);
}

int compare_units(std::string_view left, std::string_view right) {
  const size_t common = std::min(left.size(), right.size());
  size_t at = 0;
  while (at < common && left[at] == right[at]) ++at;
  if (at == left.size() || at == right.size()) {
    if (left.size() == right.size()) return 0;
    // A lone half that the other text goes on from is a unit shared, not a prefix; rare enough.
    return left.size() < right.size() ? -1 : 1;
  }
  while (at > 0 && is_continuation(left[at])) --at;
  const uint32_t a = character_at(left, at).code_point;
  const uint32_t b = character_at(right, at).code_point;
  if (first_unit(a) != first_unit(b)) return first_unit(a) < first_unit(b) ? -1 : 1;
  return a < b ? -1 : 1;
}

std::string to_lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t position = 0; position < text.size();) {
    const Character character = character_at(text, position);
    const uint32_t c = character.code_point;
    if (c < 0x80) {
      out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    } else if (c == capital_sigma && ends_word(text, position, character.size)) {
      append_code_point(out, final_sigma);
    } else {
      append_case(out, c, lower_runs, lower_texts);
    }
    position += character.size;
  }
  return out;
}

std::string to_upper(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t position = 0; position < text.size();) {
    const Character character = character_at(text, position);
    const uint32_t c = character.code_point;
    if (c < 0x80) {
      out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    } else {
      append_case(out, c, upper_runs, upper_texts);
    }
    position += character.size;
  }
  return out;
}

void TextBuilder::append(std::string_view piece) {
  const size_t wanted = buffer_.size() + piece.size();
  if (wanted > counted_) {
    const size_t left = heap_.bytes_max() - heap_.bytes();
    const size_t counted = counted_ < left ? std::max(wanted, counted_ * 2) : wanted;
    if (!heap_.take(counted - counted_)) return;
    counted_ = counted;
    buffer_.reserve(counted);
  }
  // Two halves that meet become the character they stand for.
  constexpr size_t half_size = 3;
  if (buffer_.size() >= half_size && piece.size() >= half_size &&
      static_cast<unsigned char>(piece.front()) == 0xed &&
      static_cast<unsigned char>(buffer_[buffer_.size() - half_size]) == 0xed) {
    const uint32_t high = character_at(buffer_, buffer_.size() - half_size).code_point;
    const uint32_t low = character_at(piece, 0).code_point;
    if (is_high_half(high) && is_low_half(low)) {
      buffer_.resize(buffer_.size() - half_size);
      append_code_point(buffer_, 0x10000 + ((high - 0xd800) << 10U) + (low - 0xdc00));
      piece.remove_prefix(half_size);
    }
  }
  buffer_ += piece;
}

}  // namespace mr::hog
