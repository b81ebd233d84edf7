#include "codec/checked_block.h"

#include <gtest/gtest.h>

namespace mr::codec {
namespace {

constexpr BlockKind kind{"MRTESTED", 2, "test file"};

std::string refusal(ByteView bytes) {
  const auto opened = open_block(kind, bytes);
  return opened ? "opened" : opened.error().message();
}

TEST(CheckedBlock, ComesBackAsItWent) {
  const Bytes body{1, 2, 3};
  const auto bytes = seal_block(kind, body);
  const auto opened = open_block(kind, bytes);
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  EXPECT_EQ(opened->version, 2u);
  EXPECT_EQ(Bytes(opened->body.begin(), opened->body.end()), body);
  EXPECT_EQ(refusal(seal_block(kind, {})), "opened");
}

TEST(CheckedBlock, AnOlderVersionIsRead) {
  const auto older = open_block(kind, seal_block({kind.magic, 1, kind.name}, Bytes{7}));
  ASSERT_TRUE(older.has_value()) << older.error().message();
  EXPECT_EQ(older->version, 1u);
}

TEST(CheckedBlock, WhatIsNotWholeIsRefused) {
  const Bytes whole = seal_block(kind, Bytes{1, 2, 3});
  for (size_t at = 0; at < whole.size(); ++at) {
    EXPECT_NE(refusal(ByteView(whole).first(at)), "opened") << "cut at " << at;
    Bytes damaged = whole;
    damaged[at] ^= 0x40;
    EXPECT_NE(refusal(damaged), "opened") << "changed at " << at;
  }
  EXPECT_EQ(refusal(seal_block({"MROTHERS", 2, ""}, {})),
            "this is no test file: its first bytes are not ours");
}

TEST(CheckedBlock, ANewerVersionIsNamedBeforeItsChecksumIsLookedAt) {
  Bytes newer = seal_block({kind.magic, 3, kind.name}, Bytes{1});
  newer.back() ^= 1;
  EXPECT_EQ(refusal(newer), "the test file has version 3, this program reads up to 2");
}

}  // namespace
}  // namespace mr::codec
