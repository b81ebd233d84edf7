#include <gtest/gtest.h>

#include "stream/stream.h"

namespace mr::stream {
namespace {

TEST(HeaderViews, KeepsAnyNumberInOrderWhenCopiedAndMoved) {
  const std::string names = "abcdefgh";
  for (size_t count = 0; count <= names.size(); ++count) {
    HeaderViews headers;
    for (size_t i = 0; i < count; ++i) {
      headers.push_back({std::string_view(names).substr(i, 1), as_bytes("value")});
    }
    HeaderViews copy = headers;
    const HeaderViews moved = std::move(headers);
    copy.push_back({"last", {}});
    ASSERT_EQ(moved.size(), count);
    ASSERT_EQ(copy.size(), count + 1);
    EXPECT_EQ(copy.back().name, "last");
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(moved[i].name, names.substr(i, 1));
      EXPECT_EQ(copy[i].name, names.substr(i, 1));
    }
  }
}

TEST(HeaderViews, TakesAList) {
  const HeaderViews headers{{"a", as_bytes("1")}, {"b", as_bytes("2")}};
  EXPECT_EQ(headers.size(), 2u);
  EXPECT_EQ(as_text(headers.back().value), "2");
  EXPECT_TRUE(HeaderViews().empty());
}

}  // namespace
}  // namespace mr::stream
