#include "capture/restrictions.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mr::capture {
namespace {

using catalog::Restriction;
using catalog::RestrictionAction;
using event::DropReason;

constexpr ProjectId project{1};

// A batch of an event of each name, all reported, of which the first was dropped before.
event::CapturedBatch batch_of(const std::vector<std::string>& names) {
  event::CapturedBatch batch;
  const auto uuid_of = [](size_t i) {
    codec::Uuid uuid;
    uuid.bytes[0] = static_cast<uint8_t>(i);
    return uuid;
  };
  batch.reports.push_back({.uuid = uuid_of(0), .dropped = DropReason::missing_distinct_id});
  for (const std::string& name : names) {
    event::CapturedEvent captured;
    captured.envelope.event = name;
    captured.envelope.distinct_id = "of " + name;
    captured.envelope.uuid = uuid_of(batch.reports.size());
    captured.report = batch.reports.size();
    batch.reports.push_back({.uuid = captured.envelope.uuid, .dropped = {}});
    batch.events.push_back(std::move(captured));
  }
  return batch;
}

// "name" and what was done to it, of each event that is left.
std::vector<std::string> left_of(const event::CapturedBatch& batch) {
  std::vector<std::string> left;
  for (const event::CapturedEvent& captured : batch.events) {
    std::string one = captured.envelope.event;
    if (captured.forced_overflow) one += " overflow";
    if (captured.envelope.personless) one += " personless";
    if (captured.dead_letter) one += " dead";
    left.push_back(std::move(one));
  }
  return left;
}

// What the reports say, one letter each: kept, Personless, Dropped.
std::string reported(const event::CapturedBatch& batch) {
  std::string letters;
  for (const event::EventReport& report : batch.reports) {
    letters += report.dropped ? 'D' : report.personless ? 'P' : 'k';
  }
  return letters;
}

TEST(Restrictions, EachIsDoneToTheEventsThatItNamesAndTold) {
  const std::vector<Restriction> rules = {
      {1, project, RestrictionAction::drop, "", "noise", {}},
      {2, project, RestrictionAction::overflow, "of hot", "", {}},
      {3, project, RestrictionAction::skip_person, "", "bot", {}},
      {4, project, RestrictionAction::dead_letter, "", "odd", {}},
      {5, project, RestrictionAction::drop, "of last", "last", {}},
      {6, project, RestrictionAction::drop, "of other", "seen", {}}};
  auto batch = batch_of({"noise", "seen", "hot", "noise", "bot", "odd", "seen", "last"});
  apply_restrictions(rules, batch);
  EXPECT_EQ(left_of(batch), (std::vector<std::string>{"seen", "hot overflow personless",
                                                      "bot personless", "odd dead", "seen"}));
  EXPECT_EQ(reported(batch), "DDkPDPkkD");
  EXPECT_EQ(batch.reports[0].dropped, DropReason::missing_distinct_id);
  EXPECT_EQ(batch.reports[1].dropped, DropReason::restricted);
  EXPECT_EQ(batch.count(DropReason::restricted), 3u);
}

TEST(Restrictions, SeveralMayNameOneEventAndADropWins) {
  const std::vector<Restriction> rules = {
      {1, project, RestrictionAction::overflow, "", "", {}},
      {2, project, RestrictionAction::dead_letter, "", "odd", {}},
      {3, project, RestrictionAction::drop, "", "noise", {}}};
  auto batch = batch_of({"odd", "noise", "seen"});
  apply_restrictions(rules, batch);
  EXPECT_EQ(left_of(batch),
            (std::vector<std::string>{"odd overflow personless dead", "seen overflow personless"}));
  EXPECT_EQ(reported(batch), "DPDP");
}

}  // namespace
}  // namespace mr::capture
