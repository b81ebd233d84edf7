#include "codec/multipart.h"

#include <gtest/gtest.h>

namespace mr::codec {
namespace {

// Line feeds become line ends of the wire.
std::string wire(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

// "name=content;" of each part, or the error.
std::string split(std::string_view text, size_t parts_max = 5) {
  const std::string body = wire(text);
  const auto parts = split_multipart(body, "AB", parts_max);
  if (!parts) return parts.error().message();
  std::string out;
  for (const Part& part : *parts) out += part.name + "=" + std::string(part.content) + ";";
  return out;
}

constexpr std::string_view named = "Content-Disposition: form-data; name=\"a\"\n\n";

TEST(Multipart, PartsAreSplitAtLinesOfTheBoundary) {
  const std::string head(named);
  EXPECT_EQ(split("--AB\n" + head + "1\n--AB\n" + head + "2\n--AB--\n"), "a=1;a=2;");
  EXPECT_EQ(split("--AB \t\n" + head + "1\n--AB--"), "a=1;");
  EXPECT_EQ(split("before\n--AB\n" + head + "1\n--AB--\nbehind\n--AB\n"), "a=1;");
  EXPECT_EQ(split("--AB\n" + head + "\n--AB--"), "a=;");
  EXPECT_EQ(split("--AB\n" + head + "1\n\n--AB--"), "a=1\r\n;");
  EXPECT_EQ(split("--AB\n" + head + "x--AB\n--ABC\n--AB--x\n--AB--"),
            "a=" + wire("x--AB\n--ABC\n--AB--x") + ";");
  EXPECT_EQ(split("--AB--"), "");
}

TEST(Multipart, TheHeadOfAPartIsRead) {
  const std::string body = wire(
      "--AB\ncontent-TYPE: application/json; x=1\nX-Other: y\n"
      "Content-Disposition: FORM-DATA; filename=\"a;b\\\"c\"; Name=event.properties\n"
      "Content-Encoding:gzip\n\n{}\n--AB--");
  const auto parts = split_multipart(body, "AB", 1);
  ASSERT_TRUE(parts.has_value());
  const Part& part = parts->at(0);
  EXPECT_EQ(part.name, "event.properties");
  EXPECT_EQ(part.content_type, "application/json; x=1");
  EXPECT_EQ(part.content_encoding, "gzip");
  EXPECT_EQ(part.content, "{}");
  const std::string bare = wire("--AB\n" + std::string(named) + "\n--AB--");
  EXPECT_FALSE(split_multipart(bare, "AB", 1)->at(0).content_type);
}

TEST(Multipart, WhatCannotBeReadIsNamed) {
  const std::string head(named);
  EXPECT_EQ(split(""), "the body does not begin with its boundary");
  EXPECT_EQ(split("--ABC--"), "the body does not begin with its boundary");
  EXPECT_EQ(split("--AB\n" + head + "1"), "the body does not end with its boundary");
  EXPECT_EQ(split("--AB\n" + head + "1\n--AB"), "the body does not end with its boundary");
  EXPECT_EQ(split("--AB\n" + head + "1--AB--"), "the body does not end with its boundary");
  EXPECT_EQ(split("--AB\n" + head + "1\n--AB\n" + head + "2\n--AB--", 1),
            "the body has too many parts");
  EXPECT_EQ(split("--AB\n\n1\n--AB--"), "a part has no name");
  EXPECT_EQ(split("--AB\nContent-Disposition: form-data\n\n1\n--AB--"), "a part has no name");
  EXPECT_EQ(split("--AB\nContent-Disposition: attachment; name=a\n\n1\n--AB--"),
            "a part has no name");
  EXPECT_EQ(split("--AB\nContent-Disposition: form-data; name=\"a\n\n1\n--AB--"),
            "a part has no name");
  EXPECT_EQ(split("--AB\nContent-Disposition: form-data; name=a; name=b\n\n1\n--AB--"),
            "a part has no name");
  EXPECT_EQ(split("--AB\nno colon\n\n1\n--AB--"), "a header of a part has no colon");
  EXPECT_EQ(split("--AB\nX: y\n--AB--"), "the head of a part does not end");
  EXPECT_EQ(split("--AB\n--AB--\n\n\n--AB--"), "a header of a part has no colon");
  EXPECT_EQ(split("--AB\nX: " + std::string(part_head_bytes_max, 'y') + "\n" + head + "\n--AB--"),
            "the head of a part is too large");
  EXPECT_EQ(split("--AB\nContent-Disposition: form-data; name=\xff\n\n1\n--AB--"),
            "the head of a part is not valid UTF-8");
}

TEST(Multipart, TheBoundaryStandsInTheContentType) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=AB"), "AB");
  EXPECT_EQ(multipart_boundary("multipart/form-data;charset=utf-8; Boundary=\"A B;C\" ; x"),
            "A B;C");
  for (const std::string_view type :
       {"multipart/form-data",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"A",
        "multipart/form-data; boundary=\"A \"", "multipart/form-data; boundary=A; boundary=B",
        "multipart/form-data; boundary=\"\x01\"", "multipart/form-data; xboundary=A"}) {
    EXPECT_FALSE(multipart_boundary(type)) << type;
  }
  EXPECT_FALSE(multipart_boundary("a; boundary=" + std::string(71, 'x')));
  EXPECT_TRUE(is_multipart_form("Multipart/Form-Data; boundary=x"));
  EXPECT_FALSE(is_multipart_form("multipart/form-datax"));
  EXPECT_FALSE(is_multipart_form("application/json"));
}

}  // namespace
}  // namespace mr::codec
