#include "bench/loadgen/request_body.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/bytes.h"
#include "bench/loadgen/deflate_map.h"

namespace mr::bench {

// The alphabets of all slots.
struct RequestBody::Letters {
  std::vector<Alphabet> alphabets;
};

namespace {

// RFC 1952: ten bytes before the deflate stream; CRC-32 and size, four bytes each, after it.
constexpr size_t gzip_header_bytes = 10;
constexpr size_t gzip_trailer_bytes = 8;
// Bodies written until one can be varied often enough; nearly always the first.
constexpr int tries_max = 20;

Alphabet hexadecimal() {
  Alphabet digits;
  for (const char digit : std::string_view("0123456789abcdef"))
    digits.letters.push_back({digit, 0});
  return digits;
}

uint16_t index_of(const Alphabet& alphabet, char character) {
  const auto found = std::ranges::find(alphabet.letters, character, &Alphabet::Letter::character);
  MR_ASSERT(found != alphabet.letters.end());
  return static_cast<uint16_t>(found - alphabet.letters.begin());
}

bool compress(const std::string& text, int level, std::string& wire) {
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(level), &libdeflate_free_compressor);
  if (compressor == nullptr) return false;
  wire.resize(libdeflate_gzip_compress_bound(compressor.get(), text.size()));
  wire.resize(libdeflate_gzip_compress(compressor.get(), text.data(), text.size(), wire.data(),
                                       wire.size()));
  return wire.size() > gzip_header_bytes + gzip_trailer_bytes;
}

// Replaces `count` bits from `bit` on by the lowest of `code`.
void put_bits(std::string& bytes, uint64_t bit, uint8_t count, uint16_t code) {
  char* at = bytes.data() + bit / 8;
  const unsigned shift = bit % 8;
  uint32_t window = 0;
  std::memcpy(&window, at, 3);  // 15 bits and a shift of 7 fit; the trailer follows the stream
  window &= ~(((1u << count) - 1) << shift);
  window |= static_cast<uint32_t>(code) << shift;
  std::memcpy(at, &window, 3);
}

}  // namespace

Result<RequestBody> RequestBody::create(const EventShape& shape, uint32_t first_event,
                                        int gzip_level, RandomStream& random) {
  for (int i = 0; i < tries_max; ++i) {
    BodyText written = write_body(shape, first_event, random);
    RequestBody body;
    body.gzip_ = gzip_level > 0;
    body.text_ = std::move(written.text);
    if (!body.gzip_) {
      body.add_plain_slots(written.fresh_digits);
      return body;
    }
    if (compress(body.text_, gzip_level, body.wire_) && body.add_gzip_slots(written.fresh_digits)) {
      return body;
    }
  }
  return fail(ErrorCode::failed, "the compressed bodies cannot be varied often enough");
}

void RequestBody::add_plain_slots(const std::vector<uint32_t>& fresh_digits) {
  auto letters = std::make_shared<Letters>();
  letters->alphabets.push_back(hexadecimal());
  for (const uint32_t first : fresh_digits) {
    for (uint32_t i = uuid_fresh_digits; i-- > 0;) {
      const uint16_t now = index_of(letters->alphabets[0], text_[first + i]);
      slots_.push_back({0, 0, static_cast<uint32_t>(copies_.size()), 1, now, now});
      copies_.push_back(first + i);
    }
    event_slots_.push_back(static_cast<uint32_t>(slots_.size()));
  }
  letters_ = std::move(letters);
}

// A digit can be exchanged when the stream spells it out and everything that copies it is itself a
// fresh digit of a uuid (a copied "123" in a price must not become "1a3").
bool RequestBody::add_gzip_slots(const std::vector<uint32_t>& fresh_digits) {
  const size_t stream_bytes = wire_.size() - gzip_header_bytes - gzip_trailer_bytes;
  DeflateMap map;
  if (!map_deflate(as_bytes(wire_).subspan(gzip_header_bytes, stream_bytes), text_.size(), map)) {
    return false;
  }
  std::vector<bool> fresh(text_.size(), false);
  for (const uint32_t first : fresh_digits) {
    std::fill_n(fresh.begin() + first, uuid_fresh_digits, true);
  }
  std::vector<bool> pinned(text_.size(), false);
  std::vector<std::vector<uint32_t>> copies(text_.size());
  for (uint32_t i = 0; i < text_.size(); ++i) {
    if (!fresh[i]) pinned[map.origin[i]] = true;
    if (fresh[i] && fresh[map.origin[i]]) copies[map.origin[i]].push_back(i);
  }
  for (const uint32_t first : fresh_digits) {
    uint64_t variants = 1;
    for (uint32_t at = first + uuid_fresh_digits; at-- > first;) {
      const DeflateMap::Literal& literal = map.literals[at];
      if (map.origin[at] != at || pinned[at] || literal.alphabet == DeflateMap::no_alphabet) {
        continue;
      }
      const Alphabet& alphabet = map.alphabets[literal.alphabet];
      const uint16_t now = index_of(alphabet, text_[at]);
      slots_.push_back({gzip_header_bytes * 8 + literal.bit, literal.alphabet,
                        static_cast<uint32_t>(copies_.size()),
                        static_cast<uint32_t>(copies[at].size()), now, now});
      copies_.insert(copies_.end(), copies[at].begin(), copies[at].end());
      variants *= alphabet.letters.size();
    }
    if (variants < refreshes_min) return false;
    refreshes_max_ = std::min(refreshes_max_, variants);
    event_slots_.push_back(static_cast<uint32_t>(slots_.size()));
  }
  letters_ = std::make_shared<Letters>(Letters{std::move(map.alphabets)});
  return true;
}

void RequestBody::apply(const Slot& slot) {
  const Alphabet& alphabet = letters_->alphabets[slot.alphabet];
  const Alphabet::Letter& letter = alphabet.letters[slot.current];
  for (uint32_t i = 0; i < slot.copies; ++i) text_[copies_[slot.first_copy + i]] = letter.character;
  if (gzip_) put_bits(wire_, slot.bit, alphabet.code_bits, letter.code);
}

void RequestBody::refresh() {
  MR_ASSERT(++refreshes_ < refreshes_max_);
  uint32_t slot = 0;
  for (const uint32_t end : event_slots_) {
    // Counts up with the event's slots as digits: one step gives a uuid not seen before.
    for (; slot < end; ++slot) {
      Slot& digit = slots_[slot];
      const size_t letters = letters_->alphabets[digit.alphabet].letters.size();
      digit.current = static_cast<uint16_t>((digit.current + 1u) % letters);
      apply(digit);
      if (digit.current != digit.original) break;
    }
    slot = end;
  }
  if (!gzip_) return;
  const uint32_t checksum = libdeflate_crc32(0, text_.data(), text_.size());
  std::memcpy(wire_.data() + wire_.size() - gzip_trailer_bytes, &checksum, sizeof checksum);
}

}  // namespace mr::bench
