#include "log/compression.h"

#include <gtest/gtest.h>

#include "codec/gzip.h"
#include "log/batch_builder.h"

namespace mr::log {
namespace {

constexpr SegmentUse use{.epoch = 7, .mark = 12345};

// Text that compresses well and is different at each place.
std::string some_text(size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) {
    text += "{\"event\":\"page_viewed\",\"number\":" + std::to_string(i * i) + "}";
  }
  text.resize(bytes);
  return text;
}

// Text that does not compress.
std::string noise(size_t bytes) {
  std::string text(bytes, ' ');
  uint64_t state = 88172645463325252;
  for (char& c : text) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    c = static_cast<char>(state);
  }
  return text;
}

TEST(Compression, ABatchKeepsItsRecordsAndEndsOnTheBoundaryWhateverTheSizes) {
  BatchBuilder builder;
  for (const size_t last : {0, 1, 100, 3900, 4000, 4090, 4096, 9000, 262'100, 262'144, 600'000}) {
    for (size_t step = 0; step < 40; ++step) {
      builder.clear();
      const std::string text = some_text(last + step);
      constexpr int count = 60;
      for (int i = 0; i < count - 1; ++i) {
        builder.add({WallTime{i},
                     as_bytes("key"),
                     as_bytes(text).first(std::min<size_t>(text.size(), 500)),
                     {{"h", as_bytes("w")}}});
      }
      builder.add({WallTime{99}, {}, as_bytes(text), {}});
      const size_t plain = builder.bytes();
      const ByteView batch = builder.finish(Offset(10), use, 4096, Codec::lz4);
      ASSERT_EQ(batch.size() % 4096, 0u) << last << "+" << step;
      ASSERT_LE(batch.size(), plain + 2 * 4096);
      const auto header = parse_batch_header(batch);
      ASSERT_TRUE(header && batch_checksum_matches(batch, *header));
      ASSERT_EQ(batch_codec(*header), builder.compressed() ? Codec::lz4 : Codec::none);
      const auto decoded = decode_batch(batch, *header, Offset(0), Offset(INT64_MAX));
      ASSERT_TRUE(decoded) << decoded.error().message();
      ASSERT_EQ(decoded->records.size(), size_t{count});
      ASSERT_EQ(as_text(decoded->records.back().value), text);
      ASSERT_TRUE(decoded->records.back().headers.empty());
      ASSERT_EQ(decoded->records[5].headers.size(), 1u);
      ASSERT_EQ(decoded->records[5].offset, Offset(15));
    }
  }
}

TEST(Compression, SavesWhatItCanAndLeavesTheRestAlone) {
  BatchBuilder builder;
  const std::string text = some_text(1000);
  for (int i = 0; i < 1000; ++i) builder.add({WallTime{i}, {}, as_bytes(text), {}});
  const size_t small = builder.finish(Offset(0), use, 4096, Codec::lz4).size();
  EXPECT_TRUE(builder.compressed());
  EXPECT_LT(small, 100'000u);
  builder.clear();
  const std::string random = noise(1000 * 1000);
  for (size_t i = 0; i < 1000; ++i) {
    builder.add({WallTime{1}, {}, as_bytes(random).subspan(i * 1000, 1000), {}});
  }
  const size_t plain = builder.bytes();
  EXPECT_LE(builder.finish(Offset(0), use, 4096, Codec::lz4).size(), plain + 2 * 4096);
  EXPECT_FALSE(builder.compressed());
}

TEST(Compression, EveryCodecYieldsWhatWasPutIn) {
  const std::string text = some_text(700'000);
  io::AlignedBuffer lz4;
  append_lz4_head(lz4);
  ASSERT_TRUE(append_lz4_blocks(as_bytes(text), lz4));
  append_lz4_end(lz4);
  io::AlignedBuffer zstd;
  ASSERT_TRUE(compress_zstd(as_bytes(text), 3, zstd));
  const std::string gzip = codec::gzip(text);
  const std::pair<Codec, ByteView> all[] = {
      {Codec::lz4, lz4.view()}, {Codec::zstd, zstd.view()}, {Codec::gzip, as_bytes(gzip)}};
  for (const auto& [codec, compressed] : all) {
    io::AlignedBuffer out;
    ASSERT_TRUE(decompress(codec, compressed, text.size(), out)) << to_string(codec);
    EXPECT_EQ(as_text(out.view()), text) << to_string(codec);
    // A cut is noticed at any place; more than is allowed is refused by name.
    for (size_t size = 0; size < compressed.size(); size += 97) {
      io::AlignedBuffer partial;
      EXPECT_FALSE(decompress(codec, compressed.first(size), text.size(), partial))
          << to_string(codec) << " cut at " << size;
    }
    io::AlignedBuffer limited;
    const auto refused = decompress(codec, compressed, text.size() - 1, limited);
    ASSERT_FALSE(refused) << to_string(codec);
    EXPECT_EQ(refused.error().code(), ErrorCode::too_large) << to_string(codec);
  }
}

TEST(Compression, ABombIsRefusedAndTakesNoMoreMemoryThanIsAllowed) {
  constexpr size_t allowed = 1024 * 1024;
  const std::string zeros(64 * allowed, '\0');
  io::AlignedBuffer zstd;
  ASSERT_TRUE(compress_zstd(as_bytes(zeros), 3, zstd));
  io::AlignedBuffer lz4;
  append_lz4_head(lz4);
  ASSERT_TRUE(append_lz4_blocks(as_bytes(zeros), lz4));
  append_lz4_end(lz4);
  const std::pair<Codec, ByteView> bombs[] = {{Codec::zstd, zstd.view()}, {Codec::lz4, lz4.view()}};
  for (const auto& [codec, bomb] : bombs) {
    io::AlignedBuffer out;
    const auto done = decompress(codec, bomb, allowed, out);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::too_large);
    EXPECT_LE(out.capacity(), 4 * allowed);
  }
}

// Blocks written by hand from the format's description.
TEST(Compression, SnappyIsReadBareAndAsKafkasClientsWriteIt) {
  const Bytes block{
      11,                                // eleven bytes
      3 << 2,       'a', 'b', 'c', 'd',  // a literal of four
      (3 << 2) | 1, 4,                   // a copy of seven, four back: it overlaps
  };
  io::AlignedBuffer out;
  ASSERT_TRUE(decompress(Codec::snappy, block, 100, out));
  EXPECT_EQ(as_text(out.view()), "abcdabcdabc");
  Bytes stream{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1};
  for (int i = 0; i < 2; ++i) {
    append(stream, Bytes{0, 0, 0, static_cast<uint8_t>(block.size())});
    append(stream, block);
  }
  out.clear();
  ASSERT_TRUE(decompress(Codec::snappy, stream, 100, out));
  EXPECT_EQ(as_text(out.view()), "abcdabcdabcabcdabcdabc");
  for (size_t size = 1; size < block.size(); ++size) {
    EXPECT_FALSE(decompress(Codec::snappy, ByteView(block).first(size), 100, out)) << size;
  }
  EXPECT_FALSE(decompress(Codec::snappy, Bytes{4, 1, 1}, 100, out));  // a copy from before
  EXPECT_EQ(decompress(Codec::snappy, block, 10, out).error().code(), ErrorCode::too_large);
  EXPECT_EQ(decompress(static_cast<Codec>(5), block, 10, out).error().code(),
            ErrorCode::unsupported);
}

TEST(Compression, AttemptsBecomeRareWhereTheyDoNotPay) {
  CompressionChoice choice;
  EXPECT_FALSE(choice.attempt(1000));
  int attempts = 0;
  for (int i = 0; i < 1000; ++i) {
    if (!choice.attempt(100'000)) continue;
    ++attempts;
    choice.outcome(false);
  }
  EXPECT_LT(attempts, 30);
  while (!choice.attempt(100'000)) {
  }
  choice.outcome(true);
  EXPECT_TRUE(choice.attempt(100'000));
}

}  // namespace
}  // namespace mr::log
