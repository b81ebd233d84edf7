#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include "catalog/live_snapshot.h"
#include "io/test_support.h"

namespace mr::catalog {
namespace {

class CatalogTest : public testing::Test {
 protected:
  CatalogOptions options(std::string token = {}) const {
    CatalogOptions options;
    options.database = folder_.at("catalog.db");
    options.snapshot = folder_.at("catalog.snapshot");
    options.page = folder_.at("catalog.page");
    options.project_token = std::move(token);
    return options;
  }
  Result<Catalog::Opened> open(std::string token = {}) {
    return io::run_in(real_, Catalog::open(doors_, options(std::move(token))));
  }
  Snapshot written() {
    auto bytes = io::run_in(real_, io::read_whole_file(doors_.disk, folder_.at("catalog.snapshot"),
                                                       Snapshot::bytes_max));
    return Snapshot::parse(bytes.value()).value();
  }

  io::TemporaryFolder folder_;
  io::RealWorld real_;
  io::World doors_ = real_.world();
};

TEST_F(CatalogTest, TheFirstStartMakesAProjectAndAnAdminTokenAndLaterOnesKeepThem) {
  std::string admin;
  std::string token;
  {
    auto opened = open();
    ASSERT_TRUE(opened) << opened.error().message();
    admin = opened->new_admin_token;
    EXPECT_EQ(admin.size(), admin_token_prefix.size() + 43);
    auto projects = io::run_in(real_, opened->catalog->list_projects()).value();
    ASSERT_EQ(projects.size(), 1u);
    EXPECT_EQ(projects[0].id, ProjectId(1));
    token = projects[0].token;
    EXPECT_TRUE(token.starts_with("phc_"));
    EXPECT_EQ(token_fault(token), "");
  }
  auto again = open();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->new_admin_token, "");
  const Snapshot snapshot = written();
  EXPECT_TRUE(snapshot.admin_token_matches(admin));
  EXPECT_NE(snapshot.find_token(token), nullptr);
}

TEST_F(CatalogTest, AGivenTokenBecomesTheFirstProjectsAndMustBeKnownLater) {
  ASSERT_TRUE(open("phc_given"));
  ASSERT_TRUE(open("phc_given"));
  EXPECT_NE(written().find_token("phc_given"), nullptr);
  const auto refused = open("phc_other");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_input);
  EXPECT_NE(refused.error().message().find("phc_other"), std::string::npos);
  EXPECT_FALSE(open("phx_personal"));
}

TEST_F(CatalogTest, AddedProjectsAreInTheSnapshotAndDoublesAreRefusedByName) {
  auto opened = open("phc_one");
  ASSERT_TRUE(opened);
  Catalog& catalog = *opened->catalog;
  auto added = io::run_in(real_, catalog.add_project("Shop", "phc_two"));
  ASSERT_TRUE(added) << added.error().message();
  EXPECT_EQ(added->id, ProjectId(2));
  EXPECT_EQ(written().find_token("phc_two")->name, "Shop");
  auto generated = io::run_in(real_, catalog.add_project("Blog", ""));
  ASSERT_TRUE(generated);
  EXPECT_NE(written().find_token(generated->token), nullptr);

  const auto same_name = io::run_in(real_, catalog.add_project("Shop", "phc_three"));
  ASSERT_FALSE(same_name);
  EXPECT_EQ(same_name.error().code(), ErrorCode::already_exists);
  EXPECT_NE(same_name.error().message().find("named Shop"), std::string::npos);
  const auto same_token = io::run_in(real_, catalog.add_project("Other", "phc_two"));
  ASSERT_FALSE(same_token);
  EXPECT_NE(same_token.error().message().find("project Shop has that token"), std::string::npos);
  for (const char* name : {"", "a\nb", "\xff"}) {
    EXPECT_FALSE(io::run_in(real_, catalog.add_project(name, "phc_four")));
  }
  EXPECT_FALSE(io::run_in(real_, catalog.add_project("Bad", "phx_four")));
}

TEST_F(CatalogTest, ALostAdminTokenIsReplaced) {
  auto opened = open();
  ASSERT_TRUE(opened);
  const auto renewed = io::run_in(real_, opened->catalog->renew_admin_token());
  ASSERT_TRUE(renewed);
  EXPECT_TRUE(written().admin_token_matches(*renewed));
  EXPECT_FALSE(written().admin_token_matches(opened->new_admin_token));
}

TEST_F(CatalogTest, QuotasAreSetReplacedAndLifted) {
  auto opened = open();
  ASSERT_TRUE(opened);
  Catalog& catalog = *opened->catalog;
  const Quota monthly{ProjectId(1), Resource::events, Period::month, 1000};
  const Quota daily{ProjectId(1), Resource::events, Period::day, 10};
  ASSERT_TRUE(io::run_in(real_, catalog.set_quota(monthly)));
  ASSERT_TRUE(io::run_in(real_, catalog.set_quota(daily)));
  EXPECT_EQ(written().quotas(), std::vector{daily});
  EXPECT_FALSE(io::run_in(real_, catalog.set_quota({ProjectId(9), Resource::events})));
  EXPECT_FALSE(io::run_in(real_, catalog.set_quota({.project = ProjectId(1), .limit = -1})));
  ASSERT_TRUE(io::run_in(real_, catalog.remove_quota(ProjectId(1), Resource::events)));
  EXPECT_TRUE(written().quotas().empty());
  EXPECT_FALSE(io::run_in(real_, catalog.remove_quota(ProjectId(1), Resource::events)));
}

TEST_F(CatalogTest, RestrictionsAreAddedAndRemovedByIdsThatAreNeverUsedAgain) {
  auto opened = open();
  ASSERT_TRUE(opened);
  Catalog& catalog = *opened->catalog;
  const Restriction wanted{0, ProjectId(1), RestrictionAction::skip_person, "d", "", {}};
  const auto first = io::run_in(real_, catalog.add_restriction(wanted));
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(written().restrictions(), std::vector{*first});
  ASSERT_TRUE(io::run_in(real_, catalog.remove_restriction(first->id)));
  EXPECT_TRUE(written().restrictions().empty());
  EXPECT_FALSE(io::run_in(real_, catalog.remove_restriction(first->id)));
  const auto second = io::run_in(real_, catalog.add_restriction(wanted));
  ASSERT_TRUE(second);
  EXPECT_GT(second->id, first->id);
  Restriction nobodys = wanted;
  nobodys.project = ProjectId(9);
  EXPECT_FALSE(io::run_in(real_, catalog.add_restriction(nobodys)));
}

io::Task<bool> sees_added_project(io::World& doors, CatalogOptions options, Catalog& catalog) {
  LiveSnapshot live(doors, options.snapshot, options.page);
  if (!co_await live.open()) co_return false;
  const bool unknown = live.current().find_token("phc_late") == nullptr;
  if (!co_await catalog.add_project("Late", "phc_late")) co_return false;
  if (!co_await live.open()) co_return false;
  co_return unknown&& live.current().find_token("phc_late") != nullptr;
}

TEST_F(CatalogTest, AcceptSeesAProjectThatWasAddedWhileItRuns) {
  auto opened = open();
  ASSERT_TRUE(opened);
  EXPECT_TRUE(io::run_in(real_, sees_added_project(doors_, options(), *opened->catalog)));
}

TEST_F(CatalogTest, AMissingSnapshotIsNamed) {
  LiveSnapshot live(doors_, folder_.at("none"), folder_.at("page"));
  const auto opened = io::run_in(real_, live.open());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace mr::catalog
