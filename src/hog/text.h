#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hog/value.h"

namespace mr::hog {

// Programs see texts as UTF-16: lengths, positions, order and cuts are in its units. We keep UTF-8
// (with lone halves of surrogate pairs as three bytes each), so plain ASCII, nearly all of what
// events hold, costs one byte a unit and no walking.

inline constexpr size_t text_bytes_max = size_t{1} << 30U;

// How many units the text takes.
size_t utf16_units(std::string_view text);

// The units [from, to) of a text; both are cut to its length. A cut through a pair leaves a half.
Value slice_units(Heap& heap, const Text& text, size_t from, size_t to);

// The byte at which unit `unit` begins (its character, if that is a pair's second unit).
size_t byte_of_unit(const Text& text, size_t unit);

// Negative, zero or positive, by units.
int compare_units(std::string_view left, std::string_view right);

// One character: its code point (a lone half is one) and its bytes. Never reads behind the text,
// takes at least one byte; a byte that begins nothing counts as the character U+FFFD.
struct Character {
  uint32_t code_point;
  uint32_t size;
};
Character character_at(std::string_view text, size_t position);

// Appends the UTF-8 form; a surrogate takes its three bytes.
void append_code_point(std::string& out, uint32_t code_point);

// Lower and upper case of all of Unicode, also where the length changes ("ß" gives "SS").
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

// Collects a text piece by piece within a heap's limit. When memory runs out the rest is dropped,
// and the heap says so.
class TextBuilder {
 public:
  explicit TextBuilder(Heap& heap) : heap_(heap) {}
  ~TextBuilder() { heap_.give_back(counted_); }
  TextBuilder(const TextBuilder&) = delete;
  TextBuilder& operator=(const TextBuilder&) = delete;

  void append(std::string_view piece);
  void append(char c) { append(std::string_view(&c, 1)); }
  bool full() const { return heap_.exceeded(); }
  std::string_view view() const { return buffer_; }
  Heap& heap() { return heap_; }
  // The text as a value; the builder is of no more use.
  Value finish() { return make_text(heap_, buffer_); }

 private:
  Heap& heap_;
  std::string buffer_;
  size_t counted_ = 0;
};

}  // namespace mr::hog
