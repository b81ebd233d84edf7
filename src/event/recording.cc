#include "event/recording.h"

#include <algorithm>

#include "codec/gzip.h"
#include "codec/json_object.h"
#include "codec/json_text.h"

namespace mr::event {
namespace {

constexpr size_t session_id_bytes_max = 70;

bool is_session_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

// The snapshots under `raw`, which one alone may be.
void add_snapshots(json::Reader& reader, std::vector<std::string_view>& snapshots) {
  if (reader.peek() != json::Kind::array) {
    snapshots.push_back(reader.value());
    return;
  }
  reader.enter_array();
  while (reader.next_item()) snapshots.push_back(reader.value());
}

void read_item(json::Reader& reader, std::vector<std::string_view>& snapshots) {
  reader.enter_object();
  std::string_view key;
  while (reader.next_member(key)) {
    if (key != "properties" || reader.peek() != json::Kind::object) {
      reader.value();
      continue;
    }
    reader.enter_object();
    while (reader.next_member(key)) {
      if (key == "$snapshot_data" || key == "$snapshot_items") {
        add_snapshots(reader, snapshots);
      } else {
        reader.value();
      }
    }
  }
}

}  // namespace

std::string recording_context_json(const RecordingContext& context) {
  json::Object object;
  object.set_text("$session_id", context.session_id);
  object.set_text("$window_id", context.window_id);
  object.set_text("$snapshot_source", context.snapshot_source);
  object.set_text("$lib", context.lib);
  if (context.snapshot_host) object.set_text("$snapshot_host", *context.snapshot_host);
  return object.to_json();
}

Result<RecordingContext> read_recording_context(std::string_view json) {
  MR_TRY(const json::Object object, json::Object::parse_borrowed(json));
  RecordingContext context;
  context.session_id = object.find_text("$session_id").value_or("");
  if (!is_session_id(context.session_id)) {
    return fail(ErrorCode::invalid_input, "a recording without a valid `$session_id`");
  }
  context.window_id = object.find_text("$window_id").value_or(context.session_id);
  context.snapshot_source = object.find_text("$snapshot_source").value_or("web");
  context.lib = object.find_text("$lib").value_or("web");
  context.snapshot_host = object.find_text("$snapshot_host");
  return context;
}

bool is_session_id(std::string_view text) {
  return !text.empty() && text.size() <= session_id_bytes_max &&
         std::ranges::all_of(text, is_session_character);
}

std::string pack_recording(std::string_view value) {
  constexpr int fastest = 1;
  constexpr int thorough = 9;
  std::string packed = codec::gzip(value, fastest);
  return packed.size() <= recording_plain_bytes_max ? packed : codec::gzip(value, thorough);
}

Result<std::string_view> open_recording(const Envelope& envelope, std::string_view value,
                                        std::string& memory) {
  if (!envelope.packed) return value;
  auto unpacked = codec::gunzip(as_bytes(value), recording_bytes_max);
  if (!unpacked) {
    return fail(ErrorCode::corrupt, "a packed recording cannot be unpacked: " +
                                        std::string(codec::to_string(unpacked.error())));
  }
  memory = *std::move(unpacked);
  return std::string_view(memory);
}

Result<std::vector<std::string_view>> snapshots_of(std::string_view value) {
  std::vector<std::string_view> snapshots;
  json::Reader reader(value);
  if (reader.peek() == json::Kind::array) {
    reader.enter_array();
    while (reader.next_item()) read_item(reader, snapshots);
  } else {
    read_item(reader, snapshots);
  }
  if (!reader.at_end()) return fail(reader.error().within("reading a recording"));
  return snapshots;
}

}  // namespace mr::event
