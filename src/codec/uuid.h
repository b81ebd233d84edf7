#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mr::codec {

// A 128-bit universally unique identifier (RFC 9562), its bytes in network order.
struct Uuid {
  std::array<uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  bool is_nil() const { return *this == Uuid{}; }
  // The version nibble: 4, 5, 7…
  int version() const { return bytes[6] >> 4; }
};

// The length of to_string's answer.
inline constexpr size_t uuid_text_size = 36;

// Reads the hyphenated form, 32 bare digits, either of them in braces, or the hyphenated form after
// "urn:uuid:"; digits in any case. Nothing else, no surrounding space. Any version is accepted.
std::optional<Uuid> parse_uuid(std::string_view text);

// Lower-case hyphenated.
std::string to_string(const Uuid& uuid);
// Appends the same text.
void append_text(std::string& out, const Uuid& uuid);

// The name-based identifier of version 5 (SHA-1): the same namespace and name give the same id.
Uuid uuid_v5(const Uuid& name_space, std::string_view name);

// Version 7: 48 bits of Unix milliseconds (clamped to that range), 12 random bits from
// `random_high` and 62 from `random_low`, which the caller draws.
Uuid uuid_v7(int64_t unix_millis, uint64_t random_high, uint64_t random_low);

// Version 4 from 122 of the given bits.
Uuid uuid_v4(uint64_t random_high, uint64_t random_low);

}  // namespace mr::codec
