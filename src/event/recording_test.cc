#include "event/recording.h"

#include <gtest/gtest.h>

#include "event/captured_message.h"

namespace mr::event {
namespace {

Envelope of_recording(bool packed) {
  Envelope envelope;
  envelope.dialect = Dialect::replay;
  envelope.packed = packed;
  return envelope;
}

TEST(OpenRecording, GivesWhatTheClientSent) {
  const std::string sent = R"([{"properties":{"$snapshot_data":[{"n":1.50}]}}])";
  std::string memory;
  const auto plain = open_recording(of_recording(false), sent, memory);
  EXPECT_EQ(plain->data(), sent.data());
  const std::string packed = pack_recording(sent);
  EXPECT_EQ(open_recording(of_recording(true), packed, memory).value(), sent);
}

TEST(OpenRecording, WhatIsDamagedOrUnpacksToTooMuchIsCorrupt) {
  std::string memory;
  const std::string packed = pack_recording(std::string(1000, 'x'));
  const auto reading = [&](const std::string& value) {
    return open_recording(of_recording(true), value, memory);
  };
  for (const std::string& value : {std::string("[]"), packed.substr(0, packed.size() - 1)}) {
    const auto opened = reading(value);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::corrupt);
  }
  const std::string bomb = pack_recording(std::string(recording_bytes_max + 1, ' '));
  EXPECT_EQ(reading(bomb).error().code(), ErrorCode::corrupt);
}

TEST(OpenRecording, APackedOneHasNoFormAsAMessage) {
  const auto message = captured_message_json(of_recording(true), pack_recording("[]"));
  EXPECT_EQ(message.error().code(), ErrorCode::unsupported);
}

}  // namespace
}  // namespace mr::event
