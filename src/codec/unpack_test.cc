#include "codec/unpack.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>
#include <vector>

#include "codec/gzip.h"
#include "codec/hex.h"

namespace mr::codec {
namespace {

// What other programs made (zlib and brotli of Node.js 20, zstd 1.5.4): a small text, and 300,000
// times "x".
const std::string text = R"({"a":"größer größer größer größer größer "})";
constexpr std::string_view text_zlib = "789cab564a54b2524a2f3abcedf0fcd4220562184ab5009e0e1973";
constexpr std::string_view text_brotli =
    "1b3400f89d09764c9789190b676b5e0eef81a448995c7ddab64ed8599f92a4a960609ed0d231";
constexpr std::string_view text_zstd =
    "28b52ffd2435bd0000887b2261223a226772c3b6c39f657220227d010049963aec302605";
constexpr std::string_view long_brotli = "5bdf93845f022f1e0b0432170900";
constexpr std::string_view long_zstd =
    "28b52ffd04684c000008780100fcff39100202001078039f04788f729ba2";

Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(
        static_cast<uint8_t>(hex_digit_value(hex[i]) * 16 + hex_digit_value(hex[i + 1])));
  }
  return bytes;
}

std::vector<std::pair<Packing, Bytes>> packed_texts() {
  const std::string gzipped = gzip(text);
  return {{Packing::gzip, Bytes(gzipped.begin(), gzipped.end())},
          {Packing::zlib, from_hex(text_zlib)},
          {Packing::brotli, from_hex(text_brotli)},
          {Packing::zstd, from_hex(text_zstd)}};
}

TEST(Unpack, EveryPackingOpensWithinItsCap) {
  for (const auto& [packing, packed] : packed_texts()) {
    EXPECT_EQ(unpack(packing, packed, 1000).value(), text) << static_cast<int>(packing);
    EXPECT_EQ(unpack(packing, packed, text.size()).value(), text) << static_cast<int>(packing);
    EXPECT_EQ(unpack(packing, packed, text.size() - 1).error(), UnpackFailure::too_large)
        << static_cast<int>(packing);
  }
}

TEST(Unpack, EveryCutIsDamaged) {
  for (const auto& [packing, packed] : packed_texts()) {
    for (size_t size = 0; size < packed.size(); ++size) {
      const auto cut = unpack(packing, ByteView(packed).first(size), 1000);
      ASSERT_FALSE(cut.has_value()) << static_cast<int>(packing) << " " << size;
      EXPECT_EQ(cut.error(), UnpackFailure::damaged);
    }
  }
}

TEST(Unpack, AnotherPackingIsDamaged) {
  for (const auto& [as, ignored] : packed_texts()) {
    for (const auto& [packing, packed] : packed_texts()) {
      if (packing == as) continue;
      EXPECT_FALSE(unpack(as, packed, 1000)) << static_cast<int>(packing);
    }
  }
}

TEST(Unpack, LongContentsGrowUntilTheCap) {
  const std::string content(300'000, 'x');
  const std::array<std::pair<Packing, Bytes>, 2> packed_contents = {
      {{Packing::brotli, from_hex(long_brotli)}, {Packing::zstd, from_hex(long_zstd)}}};
  for (const auto& [packing, packed] : packed_contents) {
    EXPECT_EQ(unpack(packing, packed, content.size()).value(), content);
    EXPECT_EQ(unpack(packing, packed, content.size() - 1).error(), UnpackFailure::too_large);
  }
}

TEST(Unpack, FramesOfZstdFollowOneAnotherAndNothingElseMay) {
  Bytes twice = from_hex(text_zstd);
  const Bytes once = twice;
  twice.insert(twice.end(), once.begin(), once.end());
  EXPECT_EQ(unpack(Packing::zstd, twice, 1000).value(), text + text);
  for (const auto& [packing, packed] : packed_texts()) {
    if (packing == Packing::gzip) continue;
    Bytes longer = packed;
    longer.insert(longer.end(), 8, 'z');
    EXPECT_FALSE(unpack(packing, longer, 1000)) << static_cast<int>(packing);
  }
}

TEST(Unpack, AWindowOverTheLimitIsRefused) {
  // The head of a frame that asks for a window of 128 MiB, with an empty last block.
  EXPECT_FALSE(unpack(Packing::zstd, from_hex("28b52ffd0088010000"), 1000));
  // The same with a window of 8 MiB.
  EXPECT_EQ(unpack(Packing::zstd, from_hex("28b52ffd0068010000"), 1000).value(), "");
}

}  // namespace
}  // namespace mr::codec
