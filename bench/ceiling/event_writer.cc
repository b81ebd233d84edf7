#include "bench/ceiling/event_writer.h"

#include <isa-l/crc.h>
#include <libdeflate.h>
#include <simdjson.h>

#include <cstring>
#include <vector>

namespace mr::bench {

namespace {

using simdjson::error_code;
namespace ondemand = simdjson::ondemand;

struct RecordHead {
  uint32_t checksum;
  uint32_t bytes;
  uint32_t field_bytes[4];
};
// No event is shorter than its four fields, so a record's head adds at most this share.
constexpr size_t growth_max = 2;

error_code write_event(ondemand::object event, GroupLog::Room& room) {
  static constexpr const char* names[] = {"uuid", "event", "distinct_id", "timestamp"};
  RecordHead head{};
  for (size_t i = 0; i < std::size(names); ++i) {
    std::string_view value;
    if (const auto wrong = event[names[i]].get_string().get(value)) return wrong;
    if (value.empty()) return simdjson::INCORRECT_TYPE;
    head.field_bytes[i] = static_cast<uint32_t>(value.size());
  }
  std::string_view text;
  if (const auto wrong = event.raw_json().get(text)) return wrong;
  head.bytes = static_cast<uint32_t>(text.size());
  char* at = room.at();
  std::memcpy(at, &head, sizeof head);
  std::memcpy(at + sizeof head, text.data(), text.size());
  constexpr size_t behind_checksum = sizeof head.checksum;
  head.checksum = crc32_iscsi(reinterpret_cast<unsigned char*>(at) + behind_checksum,
                              static_cast<int>(sizeof head - behind_checksum + text.size()), ~0u);
  std::memcpy(at, &head.checksum, sizeof head.checksum);
  room.wrote(sizeof head + text.size());
  return simdjson::SUCCESS;
}

}  // namespace

const size_t EventWriter::padding_bytes = simdjson::SIMDJSON_PADDING;

struct EventWriter::Parts {
  ondemand::parser parser;
  std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> inflate{
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor};
  std::vector<char> plain = std::vector<char>(GroupLog::body_bytes_max / growth_max);
};

EventWriter::EventWriter(GroupLog& log) : log_(log), parts_(std::make_unique<Parts>()) {
}

EventWriter::~EventWriter() = default;

bool EventWriter::write(std::string_view body, bool gzip, int waiter) {
  if (gzip) {
    size_t bytes = 0;
    std::vector<char>& plain = parts_->plain;
    if (libdeflate_gzip_decompress(parts_->inflate.get(), body.data(), body.size(), plain.data(),
                                   plain.size() - padding_bytes, &bytes) != LIBDEFLATE_SUCCESS) {
      return false;
    }
    body = {plain.data(), bytes};
  }
  if (body.size() * growth_max > GroupLog::body_bytes_max) return false;
  GroupLog::Room room = log_.room(body.size() * growth_max);
  if (!write_events(body, room)) return false;
  room.keep(waiter);
  return true;
}

bool EventWriter::write_events(std::string_view text, GroupLog::Room& room) {
  ondemand::document document;
  ondemand::object root;
  const auto begin = [&] {
    return parts_->parser.iterate(text.data(), text.size(), text.size() + padding_bytes)
                   .get(document) == simdjson::SUCCESS &&
           document.get_object().get(root) == simdjson::SUCCESS;
  };
  if (!begin()) return false;
  ondemand::array batch;
  if (root["batch"].get_array().get(batch) != simdjson::SUCCESS) {
    return begin() && write_event(root, room) == simdjson::SUCCESS;
  }
  for (auto item : batch) {
    ondemand::object event;
    if (item.get_object().get(event) != simdjson::SUCCESS) return false;
    if (write_event(event, room) != simdjson::SUCCESS) return false;
  }
  return true;
}

}  // namespace mr::bench
