#pragma once

#include <compare>
#include <cstdint>

namespace mr {

// An integer with a meaning: Strong<struct OffsetTag, int64_t> cannot be mixed up with another.
// Offsets and ids are types, so that a swapped argument does not compile.
template <typename Tag, typename Integer>
struct Strong {
  Integer value{};

  constexpr Strong() = default;
  constexpr explicit Strong(Integer v) : value(v) {}
  constexpr auto operator<=>(const Strong&) const = default;

  constexpr Strong& operator++() {
    ++value;
    return *this;
  }
  // The distance arithmetic that offsets need: offset + count, offset - offset.
  constexpr Strong operator+(Integer count) const {
    return Strong(static_cast<Integer>(value + count));
  }
  constexpr Integer operator-(Strong other) const {
    return static_cast<Integer>(value - other.value);
  }
};

// The position of a record in a partition: dense, from 0.
using Offset = Strong<struct OffsetTag, int64_t>;
// A project (the reference calls it a team): the owner of a token and of its events.
using ProjectId = Strong<struct ProjectIdTag, int64_t>;

}  // namespace mr
