#include "event/lane.h"

#include <gtest/gtest.h>

namespace mr::event {
namespace {

TEST(Lane, follows_the_name_before_the_import) {
  Envelope envelope;
  envelope.event = "signed up";
  EXPECT_EQ(lane_of(envelope), Lane::main);
  envelope.historical = true;
  EXPECT_EQ(lane_of(envelope), Lane::historical);
  envelope.event = "$exception";
  EXPECT_EQ(lane_of(envelope), Lane::exceptions);
  envelope.event = "$$heatmap";
  EXPECT_EQ(lane_of(envelope), Lane::heatmaps);
  envelope.event = "$$client_ingestion_warning";
  EXPECT_EQ(lane_of(envelope), Lane::client_warnings);
}

TEST(Lane, of_language_models_takes_six_names_and_not_their_prefix) {
  for (const char* name :
       {"$ai_generation", "$ai_trace", "$ai_span", "$ai_embedding", "$ai_metric", "$ai_feedback"}) {
    EXPECT_EQ(lane_of_name(name), Lane::ai) << name;
  }
  EXPECT_EQ(lane_of_name("$ai_"), Lane::main);
  EXPECT_EQ(lane_of_name("$ai_generations"), Lane::main);
}

TEST(Lane, has_a_topic_that_leads_back_to_it) {
  for (const Lane lane : all_lanes) EXPECT_EQ(lane_of_topic(topic_of(lane)), lane);
  EXPECT_EQ(lane_of_topic("captured.spool"), std::nullopt);
}

}  // namespace
}  // namespace mr::event
