#include "codec/lz_string.h"

#include <algorithm>
#include <array>
#include <vector>

#include "codec/base64.h"
#include "codec/utf8.h"

namespace mr::codec {
namespace {

constexpr int bits_per_digit = 6;
constexpr uint8_t no_digit = 0xFF;

constexpr std::array<uint8_t, 256> make_digit_values() {
  std::array<uint8_t, 256> values{};
  values.fill(no_digit);
  for (size_t i = 0; i < base64_alphabet.size(); ++i) {
    values[static_cast<uint8_t>(base64_alphabet[i])] = static_cast<uint8_t>(i);
  }
  values[' '] = values['+'];
  return values;
}
constexpr std::array<uint8_t, 256> digit_values = make_digit_values();

// Reads numbers from their lowest bit on out of digits that are filled from their highest.
class BitReader {
 public:
  explicit BitReader(std::string_view digits) : digits_(digits) {}

  std::expected<uint32_t, LzStringFailure> read(int width) {
    uint32_t value = 0;
    for (int bit = 0; bit < width; ++bit) {
      if (left_ == 0) {
        if (next_ == digits_.size()) return std::unexpected(LzStringFailure::cut_off);
        digit_ = digit_values[static_cast<uint8_t>(digits_[next_])];
        if (digit_ == no_digit) return std::unexpected(LzStringFailure::not_lz_string);
        ++next_;
        left_ = bits_per_digit;
      }
      --left_;
      value |= static_cast<uint32_t>(digit_ >> left_ & 1) << bit;
    }
    return value;
  }

 private:
  std::string_view digits_;
  size_t next_ = 0;
  uint8_t digit_ = 0;
  int left_ = 0;  // bits of digit_
};

// The codes that are no entries: a new unit of 8 or of 16 bits follows, or the text ends.
enum Code : uint32_t { narrow_unit, wide_unit, end_mark, first_entry };

class Decoder {
 public:
  Decoder(std::string_view packed, size_t units_max)
      : bits_(packed), units_max_(std::min<size_t>(units_max, UINT32_MAX)) {}

  std::expected<std::u16string, LzStringFailure> run() {
    for (;;) {
      const auto ended = step();
      if (!ended) return std::unexpected(ended.error());
      if (*ended) return std::move(out_);
    }
  }

 private:
  // What an entry stands for is somewhere in the text that came out already.
  struct Entry {
    uint32_t start = 0;
    uint32_t length = 0;
  };

  // Reads one code; true at the end of the text.
  std::expected<bool, LzStringFailure> step() {
    const auto code = bits_.read(width_);
    if (!code) return std::unexpected(code.error());
    if (*code == end_mark) return true;
    const auto start = static_cast<uint32_t>(out_.size());
    Entry entry;
    if (*code < first_entry) {
      const auto unit = bits_.read(*code == wide_unit ? 16 : 8);
      if (!unit) return std::unexpected(unit.error());
      entry = {start, 1};
      if (start == units_max_) return std::unexpected(LzStringFailure::too_large);
      out_.push_back(static_cast<char16_t>(*unit));
      add_entry(entry);
    } else {
      const size_t index = *code - first_entry;
      // The entry that is made by this very step: the last text and its first unit again.
      const bool coming = index == entries_.size() && last_.length > 0;
      if (!coming && index >= entries_.size()) {
        return std::unexpected(LzStringFailure::not_lz_string);
      }
      entry = coming ? Entry{last_.start, last_.length + 1} : entries_[index];
      if (entry.length > units_max_ - start) return std::unexpected(LzStringFailure::too_large);
      // Unit by unit: the source may run into what is appended.
      for (size_t i = 0; i < entry.length; ++i) out_.push_back(out_[entry.start + i]);
    }
    // The last text and the first unit of this one stand behind each other.
    if (last_.length > 0) add_entry({last_.start, last_.length + 1});
    last_ = {start, entry.length};
    return false;
  }

  void add_entry(Entry entry) {
    entries_.push_back(entry);
    if (--left_at_width_ > 0) return;
    left_at_width_ = size_t{1} << width_;
    ++width_;
  }

  BitReader bits_;
  size_t units_max_;
  std::u16string out_;
  std::vector<Entry> entries_;
  Entry last_;
  int width_ = 2;
  // How many more entries until codes take one bit more. The first code has no entry before it.
  size_t left_at_width_ = 1;
};

}  // namespace

std::string_view to_string(LzStringFailure failure) {
  switch (failure) {
    case LzStringFailure::not_lz_string:
      return "the body is not what LZString's compressToBase64 makes";
    case LzStringFailure::cut_off:
      return "the LZString body ends too early";
    case LzStringFailure::too_large:
      break;
  }
  return "the decompressed body is over the limit";
}

std::expected<std::string, LzStringFailure> lz_string_decode(std::string_view packed,
                                                             size_t content_bytes_max) {
  while (packed.ends_with('=')) packed.remove_suffix(1);
  const auto units = Decoder(packed, content_bytes_max).run();
  if (!units) return std::unexpected(units.error());
  std::string text;
  text.reserve(units->size());
  for (size_t i = 0; i < units->size(); ++i) {
    const char16_t unit = (*units)[i];
    const char16_t next = i + 1 < units->size() ? (*units)[i + 1] : u'\0';
    if (const auto pair = join_surrogates(unit, next)) {
      append_code_point(text, *pair);
      ++i;
    } else {
      append_code_point(text, unit);
    }
  }
  if (text.size() > content_bytes_max) return std::unexpected(LzStringFailure::too_large);
  return text;
}

}  // namespace mr::codec
