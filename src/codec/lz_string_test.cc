// Packed by JavaScript's lz-string 1.5.0, compressToBase64().
#include "codec/lz_string.h"

#include <gtest/gtest.h>

namespace mr::codec {
namespace {

constexpr size_t no_cap = 1024 * 1024;

std::string unpack(std::string_view packed, size_t cap = no_cap) {
  const auto text = lz_string_decode(packed, cap);
  return text ? *text : "<" + std::string(to_string(text.error())) + ">";
}

TEST(LzString, WhatTheLibraryPackedComesOut) {
  EXPECT_EQ(unpack("Q==="), "");
  EXPECT_EQ(unpack("IZA="), "a");
  EXPECT_EQ(unpack("IY1/EA=="), std::string(16, 'a'));
  EXPECT_EQ(unpack("AA18ZXTt/0g="), std::string(100, '\0'));
  EXPECT_EQ(unpack("IYIwxqHpMgJkA==="), "abcabcabcabcabcabd");
  EXPECT_EQ(unpack("N4IgpgbmB2AuIC5wgDQgCYEsDOtPQGNYB9TdREAVxAF8g==="),
            R"({"event":"e","distinct_id":"u"})");
}

TEST(LzString, UnitsOfUtf16BecomeUtf8) {
  EXPECT_EQ(unpack("JeGoJLwbgAe0A==="), "é€😀");
  EXPECT_EQ(unpack("rwbAIDYPYHYKZA=="), "\xef\xbf\xbd lone");
}

TEST(LzString, PaddingMayBeMissingAndPlusBeABlank) {
  EXPECT_EQ(unpack("IZA"), "a");
  EXPECT_EQ(unpack("IY1/EA"), std::string(16, 'a'));
  EXPECT_EQ(unpack("NYRgbALA7CCsBMBL+AGAHEA="), "k1647152é208");
  EXPECT_EQ(unpack("NYRgbALA7CCsBMBL AGAHEA="), "k1647152é208");
}

TEST(LzString, WhatItIsNotIsNamed) {
  EXPECT_EQ(unpack(""), "<the LZString body ends too early>");
  EXPECT_EQ(unpack("IYIwxq"), "<the LZString body ends too early>");
  EXPECT_EQ(unpack("{}"), "<the body is not what LZString's compressToBase64 makes>");
  // The first code names an entry, of which there is none.
  EXPECT_EQ(unpack("////"), "<the body is not what LZString's compressToBase64 makes>");
}

TEST(LzString, TheCapIsOfTheContent) {
  EXPECT_EQ(unpack("IY1/EA==", 16), std::string(16, 'a'));
  EXPECT_EQ(unpack("IY1/EA==", 15), "<the decompressed body is over the limit>");
  // Seven units, nine bytes.
  EXPECT_EQ(unpack("JeGoJLwbgAe0A===", 9), "é€😀");
  EXPECT_EQ(unpack("JeGoJLwbgAe0A===", 8), "<the decompressed body is over the limit>");
}

}  // namespace
}  // namespace mr::codec
