// Segments that a real Kafka broker wrote, see tests/golden/log/make.sh.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "io/real_world.h"
#include "io/test_support.h"
#include "log/segment_file.h"
#include "log/segment_index.h"

namespace mr::log {
namespace {

using io::Task;

constexpr int64_t record_count = 300;

std::string golden(const std::string& name) {
  return std::string(MR_SOURCE_DIR) + "/tests/golden/log/" + name;
}

Bytes contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string value_of(int64_t number) {
  const std::string fox = "the quick brown fox ";
  return "{\"number\":" + std::to_string(number) + ",\"text\":\"" + fox + fox + fox + "\"}";
}

bool is_expected(const stream::Record& record, int64_t number) {
  const auto header = record.header("h");
  return record.offset.value == number && as_text(record.key) == "key-" + std::to_string(number) &&
         as_text(record.value) == value_of(number) && header &&
         as_text(*header) == std::to_string(number);
}

struct Walked {
  int64_t records = 0;
  int64_t batches = 0;
  bool codec_seen = true;
  SegmentIndex index;
};

// Reads every batch; stops at the first record that is not the expected one.
Task<Result<Walked>> walk(io::World world, std::string path, Codec codec) {
  MR_CO_TRY(const auto file, co_await SegmentFile::open(world, path));
  Walked walked;
  SegmentIndexBuilder builder;
  for (;;) {
    const uint64_t position = file->position();
    MR_CO_TRY(const auto batch, co_await file->next());
    if (!batch) break;
    if (!batch->whole) co_return fail(ErrorCode::corrupt, "a batch fails its checksum");
    const BatchHeader& header = batch->header;
    walked.codec_seen = walked.codec_seen && batch_codec(header) == codec;
    builder.add(header.end_offset() + -1, header.max_timestamp, position, header.total_bytes());
    ++walked.batches;
    for (const stream::Record& record : batch->records) {
      if (!is_expected(record, walked.records)) co_return walked;
      ++walked.records;
    }
  }
  if (file->position() != file->size()) co_return fail(ErrorCode::corrupt, "bytes are left over");
  walked.index = builder.finish();
  co_return walked;
}

TEST(BrokerSegment, IsReadInEveryCompressionAndItsIndexesAreOurs) {
  io::RealWorld world;
  for (const Codec codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    const std::string name(to_string(codec));
    const auto walked = io::run_in(world, walk(world.world(), golden(name + ".log"), codec));
    ASSERT_TRUE(walked) << name << ": " << walked.error().message();
    EXPECT_EQ(walked->records, record_count) << name;
    EXPECT_GT(walked->batches, 2) << name;
    EXPECT_TRUE(walked->codec_seen) << name;
    EXPECT_EQ(encode_offset_index(walked->index), contents(golden(name + ".index"))) << name;
    EXPECT_EQ(encode_time_index(walked->index), contents(golden(name + ".timeindex"))) << name;
  }
}

}  // namespace
}  // namespace mr::log
