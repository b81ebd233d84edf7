#include <gtest/gtest.h>

#include <string>

#include "codec/base64.h"
#include "codec/gzip.h"
#include "codec/percent.h"
#include "codec/utf8.h"

namespace mr::codec {
namespace {

constexpr size_t no_cap = 64 * 1024 * 1024;

TEST(Gzip, WhatWasPackedComesOut) {
  std::string content;
  for (int i = 0; i < 20000; ++i) content += "{\"event\":\"e" + std::to_string(i * 7919) + "\"},";
  for (const size_t size : {size_t{0}, size_t{1}, size_t{5000}, content.size()}) {
    const std::string packed = gzip(std::string_view(content).substr(0, size));
    const auto opened = gunzip(as_bytes(packed), no_cap);
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(*opened, content.substr(0, size));
  }
}

TEST(Gzip, SeveralMembersAreOneContentAndPaddingIsIgnored) {
  const std::string packed = gzip("one ") + gzip("two") + std::string(8, '\0');
  EXPECT_EQ(gunzip(as_bytes(packed), no_cap).value(), "one two");
}

TEST(Gzip, EveryCutOfAMemberIsDamage) {
  const std::string packed = gzip("a body that is long enough to be cut in many places");
  for (size_t size = 3; size < packed.size(); ++size) {
    const auto opened = gunzip(as_bytes(std::string_view(packed).substr(0, size)), no_cap);
    ASSERT_FALSE(opened.has_value()) << size;
    EXPECT_EQ(opened.error(), GzipFailure::damaged);
  }
}

TEST(Gzip, TellsApartWhatIsNotGzipAndWhatIsTooLarge) {
  EXPECT_EQ(gunzip(as_bytes("{\"a\":1}"), no_cap).error(), GzipFailure::not_gzip);
  EXPECT_EQ(gunzip({}, no_cap).error(), GzipFailure::not_gzip);
  const std::string bomb = gzip(std::string(50'000'000, '0'));
  EXPECT_LT(bomb.size(), 200'000u);
  EXPECT_EQ(gunzip(as_bytes(bomb), 1'000'000).error(), GzipFailure::too_large);
  const std::string exact = gzip(std::string(10'000, '0'));
  EXPECT_TRUE(gunzip(as_bytes(exact), 10'000).has_value());
  EXPECT_EQ(gunzip(as_bytes(exact), 9'999).error(), GzipFailure::too_large);
  const std::string two = gzip(std::string(600, '0')) + gzip(std::string(600, '0'));
  EXPECT_EQ(gunzip(as_bytes(two), 1000).error(), GzipFailure::too_large);
}

TEST(Gzip, AFlippedChecksumIsDamage) {
  std::string packed = gzip("content");
  packed[packed.size() - 6] ^= 1;
  EXPECT_EQ(gunzip(as_bytes(packed), no_cap).error(), GzipFailure::damaged);
}

TEST(Base64, WhatWasEncodedComesOut) {
  std::string bytes;
  for (int i = 0; i < 260; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)).value(), bytes);
    bytes += static_cast<char>(i);
  }
  EXPECT_EQ(base64_encode("hello"), "aGVsbG8=");
}

TEST(Base64, IsLenientAboutAlphabetPaddingAndBlanks) {
  EXPECT_EQ(base64_decode("_-8=").value(), "\xff\xef");
  EXPECT_EQ(base64_decode("/+8").value(), "\xff\xef");
  EXPECT_EQ(base64_decode(" aGVs\r\nbG8 = ").value(), "hello");
  EXPECT_FALSE(base64_decode("a"));
  EXPECT_FALSE(base64_decode("aGVs{"));
  EXPECT_FALSE(base64_decode("aG=Vs"));
}

TEST(Percent, DecodesFormsLeniently) {
  EXPECT_EQ(percent_decode("a%20b+c%zz%4", Plus::is_blank), "a b c%zz%4");
  EXPECT_EQ(percent_decode("a+b%2B", Plus::is_plus), "a+b+");
  EXPECT_EQ(percent_encode("a b/ü"), "a%20b%2F%C3%BC");
  const auto fields = parse_form("data=%7B%7D&&ver=1&flag&x=a=b");
  ASSERT_EQ(fields.size(), 4u);
  EXPECT_EQ(*find_field(fields, "data"), "{}");
  EXPECT_EQ(*find_field(fields, "flag"), "");
  EXPECT_EQ(*find_field(fields, "x"), "a=b");
  EXPECT_EQ(find_field(fields, "none"), nullptr);
  EXPECT_EQ(percent_decode("%41", Plus::is_blank), "A");
}

TEST(Percent, ReadsABoundedNumberOfFields) {
  std::string many;
  for (size_t i = 0; i < form_fields_max + 10; ++i) many += "a=1&";
  EXPECT_EQ(parse_form(many).size(), form_fields_max);
}

TEST(Utf8, ValidatesAsTheStandardSays) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("zo\xc3\xab \xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_valid_utf8("\xc0\xaf"));
  EXPECT_FALSE(is_valid_utf8("\xed\xa0\x80"));
  EXPECT_FALSE(is_valid_utf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(is_valid_utf8("abc\xc3"));
}

TEST(Utf8, ReplacesOnlyTheBytesThatBelongToNoCharacter) {
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(with_valid_utf8("zo\xc3\xab \xf0\x9f\x98\x80"), "zo\xc3\xab \xf0\x9f\x98\x80");
  EXPECT_EQ(with_valid_utf8("a\xff\xc3\xabz"), "a" + bad + "\xc3\xabz");
  EXPECT_EQ(with_valid_utf8("\xc0\xaf"), bad + bad);
  EXPECT_EQ(with_valid_utf8("\xed\xa0\x80"), bad + bad + bad);
  EXPECT_EQ(with_valid_utf8("abc\xf0\x9f\x98"), "abc" + bad + bad + bad);
}

TEST(Utf8, CountsAndCutsWithoutSplittingACharacter) {
  const std::string_view text = "a\xc3\xab\xf0\x9f\x98\x80z";
  EXPECT_EQ(utf16_length(text), 5u);
  EXPECT_EQ(code_point_count(text), 4u);
  EXPECT_EQ(cut_utf16(text, 2), "a\xc3\xab");
  EXPECT_EQ(cut_utf16(text, 3), "a\xc3\xab");
  EXPECT_EQ(cut_utf16(text, 4), "a\xc3\xab\xf0\x9f\x98\x80");
  EXPECT_EQ(cut_utf16(text, 99), text);
  EXPECT_EQ(cut_code_points(text, 3), "a\xc3\xab\xf0\x9f\x98\x80");
  std::string out;
  for (const uint32_t c : {0x41u, 0xebu, 0x20acu, 0x1f600u, 0xd800u}) append_code_point(out, c);
  EXPECT_EQ(out, "A\xc3\xab\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd");
}

TEST(Utf8, OnlyAsciiLettersAreLowered) {
  EXPECT_EQ(lower_ascii("AZ az[ \xc3\x8b"), "az az[ \xc3\x8b");
}

TEST(Utf8, TrimsWhiteSpaceOfEveryWidth) {
  EXPECT_EQ(trim(" \t\n\xc2\xa0\xe3\x80\x80 a b\xe2\x80\xa8\r\n"), "a b");
  EXPECT_EQ(trim("\xc3\xab"), "\xc3\xab");
  EXPECT_EQ(trim(" \v\f "), "");
}

}  // namespace
}  // namespace mr::codec
