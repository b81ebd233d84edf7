#include "serve/replay_routes.h"

#include <gtest/gtest.h>

#include "event/envelope.h"
#include "event/recording.h"

namespace mr::serve {
namespace {

TEST(SnapshotLines, AreWhatTheClientSentWithItsWindow) {
  event::Envelope envelope;
  envelope.dialect = event::Dialect::replay;
  envelope.context = event::recording_context_json({"s", "w\"1", "web", "web", {}});
  const Bytes encoded = event::encode_envelope(envelope);
  const std::string value =
      "[{\"properties\":{\"$snapshot_data\":[{\"a\" : 1.50,\r\n \"b\":\"\\u001f\"},7]}},"
      "{\"properties\":{\"$snapshot_data\":{\"c\":null}}}]";
  stream::Record record{Offset(0), {}, {}, as_bytes(value), {{event::envelope_header, encoded}}};
  EXPECT_EQ(snapshot_lines(record).value(),
            "[\"w\\\"1\",{\"a\" : 1.50,   \"b\":\"\\u001f\"}]\n[\"w\\\"1\",7]\n"
            "[\"w\\\"1\",{\"c\":null}]\n");

  envelope.packed = true;
  const Bytes says_packed = event::encode_envelope(envelope);
  record.headers = {{event::envelope_header, says_packed}};
  EXPECT_EQ(snapshot_lines(record).error().code(), ErrorCode::corrupt);
  const std::string packed = event::pack_recording(value);
  const std::string lines =
      snapshot_lines({Offset(0), {}, {}, as_bytes(value), {{event::envelope_header, encoded}}})
          .value();
  record.value = as_bytes(packed);
  EXPECT_EQ(snapshot_lines(record).value(), lines);

  record.headers = {};
  EXPECT_FALSE(snapshot_lines(record));
}

}  // namespace
}  // namespace mr::serve
