#include "event/otel_protobuf.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include <protozero/pbf_reader.hpp>

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json_text.h"
#include "codec/utf8.h"

namespace mr::event {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;
using Tag = protozero::pbf_tag_type;

// A field's number with the wire type that it has to have. A field whose wire type is another one
// must not be read: protozero takes that for a fault of ours.
constexpr uint32_t delimited(Tag tag) {
  return protozero::tag_and_type(tag, pbf_wire_type::length_delimited);
}
constexpr uint32_t varint(Tag tag) {
  return protozero::tag_and_type(tag, pbf_wire_type::varint);
}
constexpr uint32_t fixed64(Tag tag) {
  return protozero::tag_and_type(tag, pbf_wire_type::fixed64);
}

std::string_view view_of(pbf_reader& field) {
  const protozero::data_view view = field.get_view();
  return {view.data(), view.size()};
}

// The only field of that number, or the last one; without fields if there is none.
pbf_reader message_at(pbf_reader message, Tag tag) {
  pbf_reader found;
  while (message.next(tag, pbf_wire_type::length_delimited)) found = message.get_message();
  return found;
}

std::string quote_text(std::string_view text) {
  return codec::is_valid_utf8(text) ? json::quote(text) : json::quote(codec::with_valid_utf8(text));
}

// The shortest text that reads as the same number, written out in the range where JavaScript does.
std::string text_of(double number) {
  if (!std::isfinite(number)) return "null";
  const double size = std::abs(number);
  const bool plain = size == 0 || (size >= 1e-6 && size < 1e21);
  std::array<char, 64> buffer{};
  const auto written =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                    plain ? std::chars_format::fixed : std::chars_format::scientific);
  return {buffer.data(), written.ptr};
}

std::string json_of(pbf_reader value, int depth);

// KeyValue
void set_attribute(json::Object& attributes, pbf_reader item, int depth) {
  std::string_view key;
  pbf_reader value;
  while (item.next()) {
    switch (item.tag_and_type()) {
      case delimited(1):
        key = view_of(item);
        break;
      case delimited(2):
        value = item.get_message();
        break;
      default:
        item.skip();
    }
  }
  if (key.empty()) return;
  if (codec::is_valid_utf8(key)) return attributes.set(key, json_of(value, depth + 1));
  attributes.set(codec::with_valid_utf8(key), json_of(value, depth + 1));
}

// The repeated KeyValue of that number.
json::Object attributes_at(pbf_reader message, Tag tag, int depth) {
  json::Object attributes;
  while (message.next(tag, pbf_wire_type::length_delimited)) {
    set_attribute(attributes, message.get_message(), depth);
  }
  return attributes;
}

// ArrayValue
std::string array_of(pbf_reader array, int depth) {
  std::string out = "[";
  while (array.next(1, pbf_wire_type::length_delimited)) {
    if (out.size() > 1) out += ',';
    out += json_of(array.get_message(), depth + 1);
  }
  return out += ']';
}

// AnyValue: of several kinds the last one counts. What nests too deep is not looked into.
std::string json_of(pbf_reader value, int depth) {
  std::string out = "null";
  if (depth > otel_attribute_depth_max) return out;
  while (value.next()) {
    switch (value.tag_and_type()) {
      case delimited(1):
        out = quote_text(view_of(value));
        break;
      case varint(2):
        out = value.get_uint64() != 0 ? "true" : "false";
        break;
      case varint(3):
        out = std::to_string(value.get_int64());
        break;
      case fixed64(4):
        out = text_of(value.get_double());
        break;
      case delimited(5):
        out = array_of(value.get_message(), depth);
        break;
      case delimited(6):
        out = attributes_at(value.get_message(), 1, depth).to_json();
        break;
      case delimited(7):
        out = json::quote(codec::base64_encode(view_of(value)));
        break;
      default:
        value.skip();
    }
  }
  return out;
}

// An identifier of nothing but zeros is none.
std::string id_of(std::string_view bytes) {
  const bool is_none = bytes.find_first_not_of('\0') == std::string_view::npos;
  return is_none ? std::string() : codec::hex_encode(bytes);
}

int64_t nanos_of(uint64_t nanos) {
  return nanos > std::numeric_limits<int64_t>::max() ? 0 : static_cast<int64_t>(nanos);
}

std::string text_or_nothing(std::string_view text) {
  return text.empty() ? std::string() : quote_text(text);
}

void read_status(pbf_reader status, OtelSpan& span) {
  constexpr int32_t error = 2;
  while (status.next()) {
    switch (status.tag_and_type()) {
      case delimited(2):
        span.failure = text_or_nothing(view_of(status));
        break;
      case varint(3):
        span.failed = status.get_enum() == error;
        break;
      default:
        status.skip();
    }
  }
}

OtelSpan read_span(pbf_reader message) {
  OtelSpan span;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case delimited(1):
        span.trace_id = id_of(view_of(message));
        break;
      case delimited(2):
        span.span_id = id_of(view_of(message));
        break;
      case delimited(4):
        span.parent_span_id = id_of(view_of(message));
        break;
      case delimited(5):
        span.name = text_or_nothing(view_of(message));
        break;
      case fixed64(7):
        span.started_nanos = nanos_of(message.get_fixed64());
        break;
      case fixed64(8):
        span.ended_nanos = nanos_of(message.get_fixed64());
        break;
      case delimited(9):
        set_attribute(span.attributes, message.get_message(), 0);
        break;
      case delimited(15):
        read_status(message.get_message(), span);
        break;
      default:
        message.skip();
    }
  }
  return span;
}

// The version of an InstrumentationScope.
std::string version_of(pbf_reader scope) {
  std::string version;
  while (scope.next(2, pbf_wire_type::length_delimited)) {
    version = text_or_nothing(view_of(scope));
  }
  return version;
}

// ResourceSpans; false when the sink takes no more. Fields come in any order, so what spans share
// is looked for first.
bool read_group(pbf_reader group, OtelSpanSink& sink) {
  const json::Object resource = usable_resource(attributes_at(message_at(group, 1), 1, 0));
  while (group.next(2, pbf_wire_type::length_delimited)) {
    pbf_reader scope = group.get_message();
    const std::string version = version_of(message_at(scope, 1));
    while (scope.next(2, pbf_wire_type::length_delimited)) {
      OtelSpan span = read_span(scope.get_message());
      span.resource = &resource;
      span.library_version = version;
      if (!sink.take(span)) return false;
    }
  }
  return true;
}

}  // namespace

Result<void> read_otel_protobuf(std::string_view bytes, OtelSpanSink& sink) {
  try {
    pbf_reader request(bytes.data(), bytes.size());
    while (request.next(1, pbf_wire_type::length_delimited)) {
      if (!read_group(request.get_message(), sink)) break;
    }
  } catch (const protozero::exception& error) {
    return fail(ErrorCode::invalid_input, error.what());
  }
  return {};
}

}  // namespace mr::event
