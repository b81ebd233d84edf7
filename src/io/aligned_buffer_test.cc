#include "io/aligned_buffer.h"

#include <gtest/gtest.h>

namespace mr::io {
namespace {

Bytes pattern(size_t count) {
  Bytes bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<uint8_t>(i * 31 + 7);
  return bytes;
}

TEST(AlignedBuffer, GrowsAlignedAndKeepsItsContents) {
  AlignedBuffer buffer;
  EXPECT_EQ(buffer.capacity(), 0u);
  const Bytes contents = pattern(AlignedBuffer::huge_page_bytes + 5);
  size_t done = 0;
  for (const size_t more : {size_t{1}, size_t{4096}, size_t{100'000}, contents.size() - 104'097}) {
    buffer.append(ByteView(contents).subspan(done, more));
    done += more;
    EXPECT_EQ(buffer.capacity() % direct_alignment, 0u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % direct_alignment, 0u);
    ASSERT_EQ(Bytes(buffer.data(), buffer.data() + done),
              Bytes(contents.begin(), contents.begin() + static_cast<ptrdiff_t>(done)));
  }
  EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % AlignedBuffer::huge_page_bytes, 0u);
}

TEST(AlignedBuffer, ACopyPastTheCacheIsWhole) {
  AlignedBuffer buffer;
  const Bytes contents = pattern(10'000);
  for (const size_t from : {size_t{0}, size_t{1}, size_t{15}}) {
    for (const size_t count :
         {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{17}, size_t{4096}, size_t{9'985}}) {
      const ByteView part = ByteView(contents).subspan(from, count);
      buffer.assign_past_cache(part);
      ASSERT_EQ(Bytes(buffer.view().begin(), buffer.view().end()), Bytes(part.begin(), part.end()));
    }
  }
}

}  // namespace
}  // namespace mr::io
