#include "bench/loadgen/deflate_map.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace mr::bench {

namespace {

constexpr int code_bits_max = 15;
constexpr size_t literal_symbols = 288;
constexpr size_t distance_symbols = 30;
constexpr int end_of_block = 256;
constexpr std::string_view hex_digits = "0123456789abcdef";

// RFC 1951 section 3.2.5: the base and the extra bits of length codes 257.. and distance codes 0..
constexpr std::array<uint16_t, 29> length_base = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                                  15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                                  67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr std::array<uint8_t, 29> length_extra = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                                  2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
constexpr std::array<uint16_t, distance_symbols> distance_base = {
    1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
    193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
constexpr std::array<uint8_t, distance_symbols> distance_extra = {
    0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
    6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
// Section 3.2.7: the order in which the lengths of the code-length code are sent.
constexpr std::array<uint8_t, 19> length_order = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                  11, 4,  12, 3, 13, 2, 14, 1, 15};

// Bits from the lowest of each byte upwards; zeros past the end, which `overrun` tells.
class BitReader {
 public:
  explicit BitReader(ByteView bytes) : bytes_(bytes) {}

  uint64_t position() const { return position_; }
  bool overrun() const { return position_ > bytes_.size() * 8; }

  // The next bits, without taking them; up to 15.
  uint32_t peek(int count) const {
    const size_t first = position_ / 8;
    uint32_t window = 0;
    for (size_t i = 0; i < 4; ++i) {
      if (first + i < bytes_.size()) window |= static_cast<uint32_t>(bytes_[first + i]) << (8 * i);
    }
    return (window >> (position_ % 8)) & ((1u << count) - 1);
  }
  void skip(int count) { position_ += static_cast<uint64_t>(count); }
  uint32_t take(int count) {
    const uint32_t bits = peek(count);
    skip(count);
    return bits;
  }

 private:
  ByteView bytes_;
  uint64_t position_ = 0;
};

// One canonical prefix code (section 3.2.2), with a table of all windows of 15 bits.
class PrefixCode {
 public:
  explicit PrefixCode(const std::vector<uint8_t>& lengths)
      : lengths_(lengths), codes_(lengths.size(), 0), table_(1u << code_bits_max, unused) {
    std::array<uint16_t, code_bits_max + 1> count{};
    for (const uint8_t length : lengths) ++count[length];
    count[0] = 0;                                    // symbols without a code do not count
    std::array<uint16_t, code_bits_max + 1> next{};  // per length: its next code
    for (size_t bits = 1; bits <= code_bits_max; ++bits) {
      next[bits] = static_cast<uint16_t>((next[bits - 1] + count[bits - 1]) << 1);
    }
    for (size_t symbol = 0; symbol < lengths.size(); ++symbol) {
      if (lengths[symbol] != 0) place(symbol, next[lengths[symbol]]++);
    }
  }

  // The next symbol, or -1 when the bits are no code.
  int decode(BitReader& bits) const {
    const uint16_t symbol = table_[bits.peek(code_bits_max)];
    if (symbol == unused) return -1;
    bits.skip(lengths_[symbol]);
    return symbol;
  }
  uint8_t length_of(int symbol) const { return lengths_[static_cast<size_t>(symbol)]; }
  uint16_t code_of(int symbol) const { return codes_[static_cast<size_t>(symbol)]; }

 private:
  static constexpr uint16_t unused = 0xffff;

  // Codes lie in the stream with their highest bit first, so they are kept reversed.
  void place(size_t symbol, uint16_t code) {
    const int bits = lengths_[symbol];
    uint16_t reversed = 0;
    for (int i = 0; i < bits; ++i) reversed |= ((code >> i) & 1) << (bits - 1 - i);
    codes_[symbol] = reversed;
    for (uint32_t window = reversed; window < table_.size(); window += 1u << bits) {
      table_[window] = static_cast<uint16_t>(symbol);
    }
  }

  std::vector<uint8_t> lengths_;
  std::vector<uint16_t> codes_;
  std::vector<uint16_t> table_;
};

struct BlockCodes {
  PrefixCode literals;
  PrefixCode distances;
};

BlockCodes fixed_codes() {
  std::vector<uint8_t> lengths(literal_symbols, 8);
  std::fill(lengths.begin() + 144, lengths.begin() + 256, uint8_t{9});
  std::fill(lengths.begin() + 256, lengths.begin() + 280, uint8_t{7});
  return {PrefixCode(lengths), PrefixCode(std::vector<uint8_t>(distance_symbols, 5))};
}

// Reads the code lengths of one dynamic block (section 3.2.7).
bool read_lengths(BitReader& bits, size_t& literal_count, std::vector<uint8_t>& lengths) {
  literal_count = bits.take(5) + 257;
  const size_t total = literal_count + bits.take(5) + 1;
  const size_t order_count = bits.take(4) + 4;
  std::vector<uint8_t> order_lengths(length_order.size(), 0);
  for (size_t i = 0; i < order_count; ++i) {
    order_lengths[length_order[i]] = static_cast<uint8_t>(bits.take(3));
  }
  const PrefixCode code(order_lengths);
  while (lengths.size() < total && !bits.overrun()) {
    const int symbol = code.decode(bits);
    if (symbol < 0) return false;
    if (symbol < 16) {
      lengths.push_back(static_cast<uint8_t>(symbol));
      continue;
    }
    if (symbol == 16 && lengths.empty()) return false;
    const uint8_t value = symbol == 16 ? lengths.back() : 0;
    const uint32_t times = symbol == 16   ? 3 + bits.take(2)
                           : symbol == 17 ? 3 + bits.take(3)
                                          : 11 + bits.take(7);
    lengths.insert(lengths.end(), times, value);
  }
  return lengths.size() == total;
}

// One alphabet for each code length that hex digits have in this block; per digit, its index.
std::array<uint32_t, 128> add_alphabets(const PrefixCode& literals, DeflateMap& map) {
  std::array<uint32_t, 128> of_digit;
  of_digit.fill(DeflateMap::no_alphabet);
  const size_t first = map.alphabets.size();
  for (const char digit : hex_digits) {
    const uint8_t code_bits = literals.length_of(digit);
    if (code_bits == 0) continue;
    size_t index = first;
    while (index < map.alphabets.size() && map.alphabets[index].code_bits != code_bits) ++index;
    if (index == map.alphabets.size()) map.alphabets.push_back({{}, code_bits});
    map.alphabets[index].letters.push_back({digit, literals.code_of(digit)});
    of_digit[static_cast<size_t>(digit)] = static_cast<uint32_t>(index);
  }
  return of_digit;
}

bool copy_origins(DeflateMap& map, size_t length, size_t distance) {
  if (distance > map.origin.size()) return false;
  for (size_t i = 0; i < length; ++i) {
    map.origin.push_back(map.origin[map.origin.size() - distance]);
    map.literals.push_back({});
  }
  return true;
}

bool follow_block(BitReader& bits, const BlockCodes& codes, DeflateMap& map) {
  const auto alphabet_of = add_alphabets(codes.literals, map);
  while (!bits.overrun()) {
    const uint64_t at = bits.position();
    const int symbol = codes.literals.decode(bits);
    if (symbol < 0) return false;
    if (symbol == end_of_block) return true;
    if (symbol < end_of_block) {
      map.origin.push_back(static_cast<uint32_t>(map.origin.size()));
      const uint32_t alphabet = symbol < 128 ? alphabet_of[symbol] : DeflateMap::no_alphabet;
      map.literals.push_back({at, alphabet});
      continue;
    }
    const auto length_index = static_cast<size_t>(symbol - end_of_block - 1);
    if (length_index >= length_base.size()) return false;
    const size_t length = length_base[length_index] + bits.take(length_extra[length_index]);
    const int distance_symbol = codes.distances.decode(bits);
    if (distance_symbol < 0) return false;
    const auto index = static_cast<size_t>(distance_symbol);
    if (!copy_origins(map, length, distance_base[index] + bits.take(distance_extra[index]))) {
      return false;
    }
  }
  return false;
}

}  // namespace

bool map_deflate(ByteView stream, size_t text_bytes, DeflateMap& map) {
  map = {};
  map.origin.reserve(text_bytes);
  map.literals.reserve(text_bytes);
  BitReader bits(stream);
  bool last = false;
  while (!last && !bits.overrun()) {
    last = bits.take(1) != 0;
    const uint32_t kind = bits.take(2);
    if (kind == 1) {
      if (!follow_block(bits, fixed_codes(), map)) return false;
    } else if (kind == 2) {
      size_t literal_count = 0;
      std::vector<uint8_t> lengths;
      if (!read_lengths(bits, literal_count, lengths)) return false;
      const auto middle = lengths.begin() + static_cast<ptrdiff_t>(literal_count);
      std::vector<uint8_t> literal_lengths(lengths.begin(), middle);
      literal_lengths.resize(literal_symbols, 0);
      std::vector<uint8_t> distance_lengths(middle, lengths.end());
      distance_lengths.resize(distance_symbols, 0);
      if (!follow_block(bits, {PrefixCode(literal_lengths), PrefixCode(distance_lengths)}, map)) {
        return false;
      }
    } else {
      return false;
    }
  }
  return last && !bits.overrun() && map.origin.size() == text_bytes;
}

}  // namespace mr::bench
