#include "event/raw_event.h"

#include <gtest/gtest.h>

#include "codec/json_text.h"
#include "event/captured_message.h"
#include "event/event_row.h"
#include "event/person_id.h"

namespace mr::event {
namespace {

Envelope posthog_envelope() {
  Envelope envelope;
  envelope.uuid = *codec::parse_uuid("0198b0c1-0000-7000-8000-000000000001");
  envelope.event = "e";
  envelope.distinct_id = "u";
  envelope.token = "phc_t";
  envelope.ip = "192.0.2.7";
  envelope.arrival = {1'767'323'045'678};
  envelope.timestamp = {1'767'323'040'000};
  return envelope;
}

TEST(RawEvent, PropertiesKeepTheirTextAndGetTheAddress) {
  const std::string value =
      R"({"event":"e","distinct_id":"u","properties":{"n":1.50,"deep":{"k" : 1}},"x":1})";
  const auto event = read_raw_event(posthog_envelope(), value);
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->event, "e");
  EXPECT_EQ(event->distinct_id, "u");
  EXPECT_EQ(event->timestamp.millis, 1'767'323'040'000);
  EXPECT_EQ(event->properties.to_json(), R"({"n":1.50,"deep":{"k" : 1},"$ip":"192.0.2.7"})");
}

TEST(RawEvent, TheClientsAddressStaysAndTheSendTimeIsKept) {
  Envelope envelope = posthog_envelope();
  envelope.sent_at = envelope.arrival;
  const auto event = read_raw_event(envelope, R"({"properties":{"$ip":null}})");
  EXPECT_EQ(event->properties.to_json(), R"({"$ip":null,"$sent_at":"2026-01-02T03:04:05.678Z"})");
}

TEST(RawEvent, WhatStandsBesideThePropertiesWinsKeyByKey) {
  Envelope envelope = posthog_envelope();
  envelope.ip.clear();
  const auto event =
      read_raw_event(envelope, R"({"$set":{"a":2,"c":3},"$set_once":{"x":1},)"
                               R"("properties":{"$set":{"a":1,"b":1},"$unset":["p",3,"q"]}})");
  EXPECT_EQ(event->set.to_json(), R"({"a":2,"b":1,"c":3})");
  EXPECT_EQ(event->set_once.to_json(), R"({"x":1})");
  EXPECT_EQ(event->unset, (std::vector<std::string>{"p", "q"}));
  EXPECT_EQ(event->properties.find("$set"), R"({"a":2,"b":1,"c":3})");
}

TEST(RawEvent, MalformedPersonObjectsCountAsNone) {
  const auto event = read_raw_event(posthog_envelope(),
                                    R"({"$set":"x","properties":{"$set":[1],"$unset":{"k":1}}})");
  EXPECT_TRUE(event->set.empty());
  EXPECT_EQ(event->properties.find("$set"), "[1]");
  EXPECT_EQ(event->unset, std::vector<std::string>{"k"});
}

TEST(RawEvent, ChangedPersonObjectsGoBackIntoTheProperties) {
  const std::string value = R"({"properties":{"$set":{"a":1}}})";
  auto event = read_raw_event(posthog_envelope(), value);
  event->set.set("b", "2");
  event->set_once.set("c", "3");
  store_person_properties(*event);
  EXPECT_EQ(event->properties.find("$set"), R"({"a":1,"b":2})");
  EXPECT_EQ(event->properties.find("$set_once"), R"({"c":3})");
}

TEST(RawEvent, RefusesWhatCaptureWouldNotHaveAccepted) {
  EXPECT_FALSE(read_raw_event(posthog_envelope(), "[1]").has_value());
  EXPECT_FALSE(read_raw_event(posthog_envelope(), R"({"a":1)").has_value());
  Envelope envelope = posthog_envelope();
  envelope.dialect = Dialect::segment;
  EXPECT_FALSE(read_raw_event(envelope, "7").has_value());
}

TEST(PersonId, GivesTheCheckValuesOfTheContract) {
  EXPECT_EQ(codec::to_string(person_id_of(ProjectId(1), "distinct_id")),
            "90f26d77-1832-5e44-8796-eec309e68010");
  EXPECT_EQ(codec::to_string(person_id_of(ProjectId(7), "zo\xc3\xab")),
            "90788999-1e5b-5c7f-9d51-95e0e389b9f7");
}

TEST(CapturedMessage, HasTheContractsFieldsInItsOrder) {
  Envelope envelope = posthog_envelope();
  const std::string value =
      R"({"junk":1,"event":"e","api_key":"phc_t","distinct_id":"u","properties":{"n":1.0}})";
  const auto message = captured_message_json(envelope, value);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(*message,
            R"({"uuid":"0198b0c1-0000-7000-8000-000000000001","distinct_id":"u","ip":"192.0.2.7",)"
            R"("data":"{\"event\":\"e\",\"api_key\":\"phc_t\",\"distinct_id\":\"u\",)"
            R"(\"properties\":{\"n\":1.0},\"uuid\":null}","now":"2026-01-02T03:04:05.678Z",)"
            R"("token":"phc_t","event":"e","timestamp":"2026-01-02T03:04:00.000Z"})");
  envelope.historical = true;
  envelope.sent_at = envelope.arrival;
  const auto object = json::Object::parse(*captured_message_json(envelope, value));
  EXPECT_EQ(object->find("historical_migration"), "true");
  EXPECT_EQ(object->find_text("sent_at"), "2026-01-02T03:04:05.678Z");
}

TEST(EventRow, IsOneFlatObjectWithTheNamesOfTheContract) {
  EventRow row;
  row.uuid = *codec::parse_uuid("0198b0c1-0000-7000-8000-000000000001");
  row.event = "say \"hi\"";
  row.properties = R"({"a":"b"})";
  row.timestamp = {1'767'323'045'678};
  row.project = ProjectId(1);
  row.distinct_id = "u";
  row.created_at = {1'767'323'046'000};
  row.captured_at = WallTime{1'767'323'045'700};
  row.person_id = person_id_of(ProjectId(1), "u");
  row.person_created_at = {1'767'323'045'678};
  row.groups[1] = GroupOnEvent{R"({"name":"x"})", {1'767'323'045'678}};
  EXPECT_EQ(row.to_json(),
            R"({"uuid":"0198b0c1-0000-7000-8000-000000000001","event":"say \"hi\"",)"
            R"("properties":"{\"a\":\"b\"}","timestamp":"2026-01-02 03:04:05.678","team_id":1,)"
            R"("project_id":1,"distinct_id":"u","elements_chain":"",)"
            R"("created_at":"2026-01-02 03:04:06.000","captured_at":"2026-01-02 03:04:05.700",)"
            R"("person_id":")" +
                codec::to_string(row.person_id) +
                R"(","person_created_at":"2026-01-02 03:04:05","person_properties":"{}",)"
                R"("person_mode":"full","group1_properties":"{\"name\":\"x\"}",)"
                R"("group1_created_at":"2026-01-02 03:04:05"})");
  row.historical = true;
  row.captured_at.reset();
  const auto object = json::Object::parse(row.to_json());
  EXPECT_EQ(object->find("historical_migration"), "true");
  EXPECT_EQ(object->find("captured_at"), "null");
}

TEST(StateRows, AreTheReferencesMessages) {
  PersonRow person;
  person.project = ProjectId(2);
  person.created_at = {1'767'323'045'678};
  person.is_identified = true;
  person.version = 3;
  EXPECT_EQ(person.to_json(),
            R"({"id":"00000000-0000-0000-0000-000000000000","created_at":"2026-01-02 03:04:05",)"
            R"("properties":"{}","team_id":2,"is_identified":1,"is_deleted":0,"version":3,)"
            R"("last_seen_at":null})");
  DistinctIdRow mapping;
  mapping.project = ProjectId(2);
  mapping.distinct_id = "d";
  mapping.version = 1;
  EXPECT_EQ(mapping.to_json(), R"({"person_id":"00000000-0000-0000-0000-000000000000","team_id":2,)"
                               R"("distinct_id":"d","version":1,"is_deleted":0})");
  GroupRow group;
  group.type_index = 1;
  group.key = "acme";
  group.project = ProjectId(2);
  EXPECT_EQ(group.to_json(),
            R"({"group_type_index":1,"group_key":"acme","team_id":2,"group_properties":"{}",)"
            R"("created_at":"1970-01-01 00:00:00","version":1})");
}

}  // namespace
}  // namespace mr::event
