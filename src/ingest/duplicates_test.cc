#include "ingest/duplicates.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace mr::ingest {
namespace {

codec::Uuid uuid(uint64_t n) {
  return codec::uuid_v4(n, n * 31);
}

EventHash hash(uint64_t n) {
  return hash_event(ProjectId(1), uuid(n), "event", "someone", WallTime{1'700'000'000'000});
}

TEST(DuplicateFilter, EachPartOfTheIdentityCounts) {
  const WallTime noon{1'700'000'000'000};
  const EventHash base = hash_event(ProjectId(1), uuid(1), "a", "b", noon);
  EXPECT_EQ(base, hash_event(ProjectId(1), uuid(1), "a", "b", noon + Millis{1}));
  EXPECT_NE(base, hash_event(ProjectId(2), uuid(1), "a", "b", noon));
  EXPECT_NE(base, hash_event(ProjectId(1), uuid(2), "a", "b", noon));
  EXPECT_NE(base, hash_event(ProjectId(1), uuid(1), "ab", "", noon));
  EXPECT_NE(base, hash_event(ProjectId(1), uuid(1), "a", "c", noon));
  EXPECT_NE(base, hash_event(ProjectId(1), uuid(1), "a", "b", noon + Millis{86'400'000}));
  EXPECT_NE(hash_event(ProjectId(1), uuid(1), "a", "b", WallTime{-1}),
            hash_event(ProjectId(1), uuid(1), "a", "b", WallTime{1}));
}

TEST(DuplicateFilter, ARepeatIsSeenWithinTheWindowOnly) {
  DuplicateFilter filter({Millis{10'000}});
  const WallTime start{1'700'000'000'000};
  EXPECT_FALSE(filter.is_repeat(hash(1), start));
  EXPECT_TRUE(filter.is_repeat(hash(1), start + Millis{9'000}));
  // The repeat has not moved the window.
  EXPECT_FALSE(filter.is_repeat(hash(1), start + Millis{11'500}));
  EXPECT_TRUE(filter.is_repeat(hash(1), start + Millis{20'000}));
  // A clock that went back finds what is there.
  EXPECT_TRUE(filter.is_repeat(hash(1), start));
}

TEST(DuplicateFilter, AWindowOfZeroSwitchesItOff) {
  DuplicateFilter filter({Millis{0}});
  EXPECT_FALSE(filter.is_repeat(hash(1), WallTime{1000}));
  EXPECT_FALSE(filter.is_repeat(hash(1), WallTime{1000}));
  EXPECT_EQ(filter.size(), 0u);
}

TEST(DuplicateFilter, StoredHashesCountAgainAfterARestart) {
  Bytes stored;
  put_event_hash(stored, hash(1));
  put_event_hash(stored, hash(2));
  DuplicateFilter filter({Millis{10'000}});
  const WallTime written{1'700'000'000'000};
  filter.add_stored(stored, written);
  EXPECT_TRUE(filter.is_repeat(hash(1), written + Millis{5'000}));
  EXPECT_TRUE(filter.is_repeat(hash(2), written + Millis{5'000}));
  EXPECT_FALSE(filter.is_repeat(hash(3), written + Millis{5'000}));
}

TEST(DuplicateFilter, ItAgreesWithAMapWhileItGrowsAndExpires) {
  DuplicateFilter filter({Millis{60'000}});
  std::map<uint64_t, int64_t> model;
  std::mt19937_64 random(7);
  WallTime now{1'700'000'000'000};
  for (int i = 0; i < 30'000; ++i) {
    now = now + Millis{static_cast<int64_t>(random() % 20)};
    const uint64_t key = random() % 20'000;
    const int64_t second = now.millis / 1000;
    const auto found = model.find(key);
    const bool expected = found != model.end() && second - found->second <= 60;
    if (!expected) model[key] = second;
    ASSERT_EQ(filter.is_repeat(hash(key), now), expected) << i;
  }
  EXPECT_LE(filter.memory_bytes(), 20u * 32'768);
  EXPECT_EQ(filter.forgotten(), 0u);
}

TEST(DuplicateFilter, AtItsLimitItForgetsTheOldestAndSaysHowMany) {
  DuplicateFilter filter({Millis{86'400'000}, 1000});
  WallTime now{1'700'000'000'000};
  for (uint64_t i = 0; i < 5000; ++i) {
    now = now + Millis{1000};
    EXPECT_FALSE(filter.is_repeat(hash(i), now));
    EXPECT_LE(filter.size(), 1000u);
  }
  EXPECT_GT(filter.forgotten(), 0u);
  EXPECT_TRUE(filter.is_repeat(hash(4999), now));
  EXPECT_FALSE(filter.is_repeat(hash(0), now));
}

}  // namespace
}  // namespace mr::ingest
