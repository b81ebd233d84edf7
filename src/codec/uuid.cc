#include "codec/uuid.h"

#include <openssl/evp.h>

#include <algorithm>
#include <string>

#include "base/assert.h"
#include "codec/hex.h"

namespace mr::codec {
namespace {

// Writes the 64 bits big-endian at bytes[at].
void place(Uuid& uuid, size_t at, uint64_t bits) {
  for (size_t i = 0; i < 8; ++i) uuid.bytes[at + i] = static_cast<uint8_t>(bits >> (56 - 8 * i));
}

void stamp(Uuid& uuid, uint8_t version) {
  uuid.bytes[6] = static_cast<uint8_t>((uuid.bytes[6] & 0x0f) | version << 4);
  uuid.bytes[8] = static_cast<uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
}

}  // namespace

std::optional<Uuid> parse_uuid(std::string_view text) {
  constexpr std::string_view urn = "urn:uuid:";
  if (text.starts_with(urn)) {
    text.remove_prefix(urn.size());
    if (text.size() != uuid_text_size) return std::nullopt;
  } else if (text.size() >= 2 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, text.size() - 2);
  }
  const bool hyphenated = text.size() == uuid_text_size;
  if (!hyphenated && text.size() != 32) return std::nullopt;
  Uuid uuid;
  size_t next = 0;
  int wrong = 0;
  for (size_t i = 0; i < 16; ++i) {
    if (hyphenated && (i == 4 || i == 6 || i == 8 || i == 10) && text[next++] != '-') {
      return std::nullopt;
    }
    const int high = hex_digit_value(text[next]);
    const int low = hex_digit_value(text[next + 1]);
    wrong |= high | low;  // negative when one of them is no digit
    uuid.bytes[i] = static_cast<uint8_t>(high << 4 | low);
    next += 2;
  }
  if (wrong < 0) return std::nullopt;
  return uuid;
}

void append_text(std::string& out, const Uuid& uuid) {
  constexpr char digits[] = "0123456789abcdef";
  char text[uuid_text_size];
  size_t next = 0;
  for (size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[next++] = '-';
    text[next++] = digits[uuid.bytes[i] >> 4];
    text[next++] = digits[uuid.bytes[i] & 0x0f];
  }
  out.append(text, sizeof(text));
}

std::string to_string(const Uuid& uuid) {
  std::string text;
  append_text(text, uuid);
  return text;
}

Uuid uuid_v5(const Uuid& name_space, std::string_view name) {
  std::string hashed(as_text(name_space.bytes));
  hashed += name;
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  const int done =
      EVP_Digest(hashed.data(), hashed.size(), digest.data(), &size, EVP_sha1(), nullptr);
  MR_ASSERT(done == 1 && size >= 16);
  Uuid uuid;
  std::copy_n(digest.begin(), 16, uuid.bytes.begin());
  stamp(uuid, 5);
  return uuid;
}

Uuid uuid_v7(int64_t unix_millis, uint64_t random_high, uint64_t random_low) {
  constexpr int64_t millis_max = (int64_t{1} << 48) - 1;
  const auto millis = static_cast<uint64_t>(std::clamp<int64_t>(unix_millis, 0, millis_max));
  Uuid uuid;
  place(uuid, 0, millis << 16 | (random_high & 0x0fff));
  place(uuid, 8, random_low);
  stamp(uuid, 7);
  return uuid;
}

Uuid uuid_v4(uint64_t random_high, uint64_t random_low) {
  Uuid uuid;
  place(uuid, 0, random_high);
  place(uuid, 8, random_low);
  stamp(uuid, 4);
  return uuid;
}

}  // namespace mr::codec
