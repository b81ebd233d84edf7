#include "capture/otel_answer.h"

#include <gtest/gtest.h>

#include <string>

namespace mr::capture {
namespace {

using event::DropReason;
using event::OtelForm;

Outcome with_drops() {
  Outcome outcome;
  outcome.dropped[static_cast<size_t>(DropReason::ai_event_too_big)] = 200;
  outcome.dropped[static_cast<size_t>(DropReason::quota_ai)] = 1;
  outcome.dropped[static_cast<size_t>(DropReason::not_ai_span)] = 7;
  return outcome;
}

TEST(OtelAnswer, TellsInJsonWhatWasNotKept) {
  EXPECT_EQ(otel_response(with_drops(), OtelForm::json).body,
            R"({"partialSuccess":{"rejectedSpans":"201",)"
            R"("errorMessage":"200 ai_event_too_big, 1 quota_ai"}})");
}

TEST(OtelAnswer, TellsInProtobufWhatWasNotKept) {
  const std::string message = "200 ai_event_too_big, 1 quota_ai";
  const std::string partial = "\x08\xc9\x01\x12" + std::string(1, '\x20') + message;
  ASSERT_EQ(message.size(), 0x20u);
  EXPECT_EQ(otel_response(with_drops(), OtelForm::protobuf).body,
            std::string("\x0a\x25") + partial);
}

TEST(OtelAnswer, SpansAboutOtherThingsAreNotRejected) {
  Outcome outcome;
  outcome.dropped[static_cast<size_t>(DropReason::not_ai_span)] = 7;
  EXPECT_EQ(otel_response(outcome, OtelForm::json).body, "{}");
  EXPECT_EQ(otel_response(outcome, OtelForm::protobuf).body, "");
}

TEST(OtelAnswer, ARefusalIsAStatus) {
  const Outcome refused{.status = 503, .message = "no \"room\""};
  const http::Response json = otel_response(refused, OtelForm::json);
  EXPECT_EQ(json.status, 503);
  EXPECT_EQ(json.body, R"({"message":"no \"room\""})");
  const http::Response protobuf = otel_response(refused, OtelForm::protobuf);
  EXPECT_EQ(protobuf.status, 503);
  EXPECT_EQ(protobuf.body, "\x12\x09no \"room\"");
}

}  // namespace
}  // namespace mr::capture
