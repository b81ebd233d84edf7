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

// Whether it is one of the fields of an AnyValue.
constexpr bool is_kind(uint32_t field) {
  return field == delimited(1) || field == varint(2) || field == varint(3) || field == fixed64(4) ||
         field == delimited(5) || field == delimited(6) || field == delimited(7);
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

void append_text(std::string& out, std::string_view text) {
  if (codec::is_valid_utf8(text)) {
    json::append_quoted(out, text);
  } else {
    json::append_quoted(out, codec::with_valid_utf8(text));
  }
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

// A KeyValue: calls `take` with its key, if it has one, and its value.
template <typename Take>
void read_attribute(pbf_reader item, Take take) {
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
  if (codec::is_valid_utf8(key)) return take(key, value);
  take(codec::with_valid_utf8(key), value);
}

// Appends the JSON of an AnyValue, of which the last kind counts. What nests too deep is not looked
// into.
void append_value(pbf_reader value, int depth, std::string& out, OtelWork& work);

// ArrayValue
void append_array(pbf_reader array, int depth, std::string& out, OtelWork& work) {
  char before = '[';
  while (array.next(1, pbf_wire_type::length_delimited)) {
    out += before;
    before = ',';
    append_value(array.get_message(), depth + 1, out, work);
  }
  out += before == '[' ? "[]" : "]";
}

// KeyValueList
void append_map(pbf_reader list, int depth, std::string& out, OtelWork& work) {
  OtelMapWriter map(out);
  while (list.next(1, pbf_wire_type::length_delimited)) {
    read_attribute(list.get_message(), [&](std::string_view key, pbf_reader value) {
      map.begin_member(key);
      append_value(value, depth + 1, out, work);
    });
  }
  map.end(work);
}

void append_value(pbf_reader value, int depth, std::string& out, OtelWork& work) {
  const size_t begin = out.size();
  if (depth <= otel_attribute_depth_max) {
    while (value.next()) {
      const uint32_t field = value.tag_and_type();
      if (is_kind(field)) out.resize(begin);
      switch (field) {
        case delimited(1):
          append_text(out, view_of(value));
          break;
        case varint(2):
          out += value.get_uint64() != 0 ? "true" : "false";
          break;
        case varint(3):
          out += std::to_string(value.get_int64());
          break;
        case fixed64(4):
          out += text_of(value.get_double());
          break;
        case delimited(5):
          append_array(value.get_message(), depth, out, work);
          break;
        case delimited(6):
          append_map(value.get_message(), depth, out, work);
          break;
        case delimited(7):
          json::append_quoted(out, codec::base64_encode(view_of(value)));
          break;
        default:
          value.skip();
      }
    }
  }
  if (out.size() == begin) out += "null";
}

// Keeps the KeyValue as an attribute.
void keep_attribute(pbf_reader item, OtelAttributes& attributes, OtelWork& work) {
  if (work.is_spent()) return;
  read_attribute(item, [&](std::string_view key, pbf_reader value) {
    std::string raw;
    append_value(value, 1, raw, work);
    attributes.set(key, raw, work);
  });
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
  std::string raw;
  if (!text.empty()) append_text(raw, text);
  return raw;
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

OtelSpan read_span(pbf_reader message, std::string_view version, const OtelResource& resource,
                   OtelWork& work) {
  OtelSpan span{.library_version = version, .resource = resource};
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
        keep_attribute(message.get_message(), span.attributes, work);
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

// Resource
OtelAttributes resource_of(pbf_reader message, OtelWork& work) {
  OtelAttributes attributes;
  while (message.next(1, pbf_wire_type::length_delimited)) {
    keep_attribute(message.get_message(), attributes, work);
  }
  return attributes;
}

// ResourceSpans. Fields come in any order, so what spans share is looked for first.
void read_group(pbf_reader group, OtelSpanSink& sink, OtelWork& work) {
  const OtelResource resource(resource_of(message_at(group, 1), work));
  while (group.next(2, pbf_wire_type::length_delimited)) {
    pbf_reader scope = group.get_message();
    const std::string version = version_of(message_at(scope, 1));
    while (scope.next(2, pbf_wire_type::length_delimited)) {
      const pbf_reader span = scope.get_message();
      if (sink.wants_span()) sink.take(read_span(span, version, resource, work));
    }
  }
}

}  // namespace

Result<void> read_otel_protobuf(std::string_view bytes, OtelSpanSink& sink, OtelWork& work) {
  try {
    pbf_reader request(bytes.data(), bytes.size());
    while (request.next(1, pbf_wire_type::length_delimited)) {
      read_group(request.get_message(), sink, work);
    }
  } catch (const protozero::exception& error) {
    return fail(ErrorCode::invalid_input, error.what());
  }
  return {};
}

}  // namespace mr::event
