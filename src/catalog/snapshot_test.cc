#include "catalog/snapshot.h"

#include <gtest/gtest.h>

namespace mr::catalog {
namespace {

Snapshot sample() {
  std::vector<Project> projects;
  projects.push_back({ProjectId(1), "Default", "phc_first", WallTime{1700000000000}});
  projects.push_back({ProjectId(2), "zoë", "phc_second", WallTime{-5}});
  return Snapshot(42, std::move(projects), hash_token("mra_secret"),
                  {{ProjectId(2), Resource::ai, Period::day, 7}, {ProjectId(1), Resource::events}},
                  {{1, ProjectId(2), RestrictionAction::overflow, "d", "e", WallTime{9}},
                   {2, ProjectId(1), RestrictionAction::drop, "", "", WallTime{10}},
                   {3, ProjectId(2), RestrictionAction::dead_letter, "", "", WallTime{11}}});
}

TEST(Snapshot, WhatWasWrittenIsReadBack) {
  const auto read = Snapshot::parse(sample().serialize());
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->revision(), 42u);
  ASSERT_EQ(read->projects().size(), 2u);
  const Project* project = read->find_token("phc_second");
  ASSERT_NE(project, nullptr);
  EXPECT_EQ(project->id, ProjectId(2));
  EXPECT_EQ(project->name, "zoë");
  EXPECT_EQ(project->created_at, WallTime{-5});
  EXPECT_EQ(read->find_token("phc_"), nullptr);
  EXPECT_TRUE(read->admin_token_matches("mra_secret"));
  EXPECT_FALSE(read->admin_token_matches("mra_secres"));
  EXPECT_FALSE(read->admin_token_matches(""));
}

TEST(Snapshot, TheRulesOfAProjectAreFoundInTheirOrder) {
  const auto read = Snapshot::parse(sample().serialize());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->quotas(), sample().quotas());
  EXPECT_EQ(read->restrictions(), sample().restrictions());
  const auto quotas = read->quotas_of(ProjectId(2));
  ASSERT_EQ(quotas.size(), 1u);
  EXPECT_EQ(quotas[0], (Quota{ProjectId(2), Resource::ai, Period::day, 7}));
  const auto restrictions = read->restrictions_of(ProjectId(2));
  ASSERT_EQ(restrictions.size(), 2u);
  EXPECT_EQ(restrictions[0].id, 1);
  EXPECT_EQ(restrictions[1].id, 3);
  EXPECT_TRUE(read->quotas_of(ProjectId(3)).empty());
}

TEST(Snapshot, AnEmptyOneMatchesNoToken) {
  const Snapshot empty;
  EXPECT_EQ(empty.find_token(""), nullptr);
  EXPECT_FALSE(empty.admin_token_matches(""));
  ASSERT_TRUE(Snapshot::parse(empty.serialize()));
}

TEST(Snapshot, EveryFlippedByteAndEveryCutIsNoticed) {
  const Bytes good = sample().serialize();
  for (size_t i = 0; i < good.size(); ++i) {
    Bytes flipped = good;
    flipped[i] ^= 0x40;
    EXPECT_FALSE(Snapshot::parse(flipped)) << "byte " << i;
    EXPECT_FALSE(Snapshot::parse(ByteView(good).first(i))) << "cut at " << i;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(Snapshot::parse(longer));
}

TEST(Snapshot, ANewerVersionIsRefusedByItsNumber) {
  Bytes bytes = sample().serialize();
  bytes[8] = 9;
  const auto refused = Snapshot::parse(bytes);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
  EXPECT_NE(refused.error().message().find("version 9"), std::string::npos);
}

TEST(Snapshot, TheShapeOfTokensIsChecked) {
  EXPECT_EQ(token_fault("phc_abc"), "");
  EXPECT_EQ(token_fault(std::string(64, 'a')), "");
  for (const std::string& bad :
       {std::string(), std::string(65, 'a'), std::string("phx_abc"), std::string("a b"),
        std::string("zo\xc3\xab"), std::string(1, '\0')}) {
    EXPECT_NE(token_fault(bad), "") << bad;
  }
}

TEST(Snapshot, TheHashIsSha256) {
  EXPECT_EQ(hash_token("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace mr::catalog
