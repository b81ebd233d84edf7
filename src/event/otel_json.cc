#include "event/otel_json.h"

#include <algorithm>
#include <string>

#include "codec/hex.h"
#include "codec/json_text.h"
#include "codec/utf8.h"

namespace mr::event {
namespace {

using json::Kind;
using json::Reader;

// Calls `take` for each item of the array that comes next, which it has to read; passes over
// anything else. The text was validated as a whole, and is walked as seldom as possible.
template <typename Take>
void for_each_item(Reader& reader, Take take) {
  if (reader.peek() != Kind::array) {
    reader.value();
    return;
  }
  reader.enter_array();
  while (reader.next_item()) take();
}

// The same with the name of each member of an object.
template <typename Take>
void for_each_member(Reader& reader, Take take) {
  if (reader.peek() != Kind::object) {
    reader.value();
    return;
  }
  reader.enter_object();
  std::string_view name;
  while (reader.next_member(name)) take(name);
}

// 64-bit integers come as texts, because JavaScript has none.
std::string number_of(std::string_view raw) {
  std::string scratch;
  const std::string_view text = json::is_string(raw) ? json::text_of(raw, scratch) : raw;
  const bool is_number = json::kind_of(text) == Kind::number && json::is_valid(text);
  return is_number ? std::string(text) : "null";
}

// An identifier in hexadecimal; one of nothing but zeros is none.
std::string id_of(std::string_view raw) {
  std::string scratch;
  std::string id = codec::lower_ascii(json::text_of(raw, scratch));
  const bool is_hex =
      std::ranges::all_of(id, [](char c) { return codec::hex_digit_value(c) >= 0; });
  return is_hex && id.find_first_not_of('0') != std::string::npos ? id : std::string();
}

int64_t nanos_of(std::string_view raw) {
  return std::max<int64_t>(json::as_int64(number_of(raw)).value_or(0), 0);
}

std::string_view text_or_nothing(std::string_view raw) {
  return json::is_string(raw) && raw != "\"\"" ? raw : std::string_view();
}

void read_status(Reader& reader, OtelSpan& span) {
  for_each_member(reader, [&](std::string_view name) {
    if (name == "code") {
      const std::string_view code = reader.value();
      span.failed = code == "2" || code == R"("STATUS_CODE_ERROR")";
    } else if (name == "message") {
      span.failure = text_or_nothing(reader.value());
    } else {
      reader.value();
    }
  });
}

class TracesReader {
 public:
  TracesReader(OtelSpanSink& sink, OtelWork& work) : sink_(sink), work_(work) {}

  void read_request(Reader& reader) {
    for_each_member(reader, [&](std::string_view name) {
      if (name != "resourceSpans") {
        reader.value();
        return;
      }
      for_each_item(reader, [&] { read_group(reader); });
    });
  }

 private:
  // ResourceSpans. Fields come in any order, so what spans share is looked for first.
  void read_group(Reader& reader) {
    std::string_view resource;
    std::string_view scopes;
    for_each_member(reader, [&](std::string_view name) {
      const bool is_resource = name == "resource";
      const bool is_scopes = name == "scopeSpans";
      const std::string_view raw = reader.value();
      if (is_resource) resource = raw;
      if (is_scopes) scopes = raw;
    });
    const OtelResource shared(resource_of(resource));
    Reader inner(scopes);
    for_each_item(inner, [&] { read_scope(inner, shared); });
  }

  OtelAttributes resource_of(std::string_view raw) {
    OtelAttributes attributes;
    Reader reader(raw);
    for_each_member(reader, [&](std::string_view name) {
      if (name == "attributes") {
        read_attributes(reader, attributes);
      } else {
        reader.value();
      }
    });
    return attributes;
  }

  // ScopeSpans
  void read_scope(Reader& reader, const OtelResource& resource) {
    std::string_view version;
    std::string_view spans;
    for_each_member(reader, [&](std::string_view name) {
      const bool is_scope = name == "scope";
      const bool is_spans = name == "spans";
      const std::string_view raw = reader.value();
      if (is_scope) version = text_or_nothing(json::member_of(raw, "version"));
      if (is_spans) spans = raw;
    });
    Reader inner(spans);
    for_each_item(inner, [&] {
      if (sink_.wants_span()) {
        sink_.take(read_span(inner, version, resource));
      } else {
        inner.value();
      }
    });
  }

  OtelSpan read_span(Reader& reader, std::string_view version, const OtelResource& resource) {
    OtelSpan span{.library_version = version, .resource = resource};
    for_each_member(reader, [&](std::string_view name) {
      if (name == "attributes") {
        read_attributes(reader, span.attributes);
      } else if (name == "status") {
        read_status(reader, span);
      } else if (name == "traceId") {
        span.trace_id = id_of(reader.value());
      } else if (name == "spanId") {
        span.span_id = id_of(reader.value());
      } else if (name == "parentSpanId") {
        span.parent_span_id = id_of(reader.value());
      } else if (name == "name") {
        span.name = text_or_nothing(reader.value());
      } else if (name == "startTimeUnixNano") {
        span.started_nanos = nanos_of(reader.value());
      } else if (name == "endTimeUnixNano") {
        span.ended_nanos = nanos_of(reader.value());
      } else {
        reader.value();
      }
    });
    return span;
  }

  void read_attributes(Reader& reader, OtelAttributes& attributes) {
    std::string value;
    for_each_item(reader, [&] {
      if (work_.is_spent()) {
        reader.value();
        return;
      }
      read_attribute(reader, [&](std::string_view key, Reader& at) {
        value.clear();
        append_value(at, 1, value);
        attributes.set(key, value, work_);
      });
    });
  }

  // A KeyValue: calls `take` with the key and where the value stands, which it has to read.
  template <typename Take>
  void read_attribute(Reader& reader, Take take) {
    std::string scratch;
    std::string_view key;
    std::string_view early = "null";  // a value in front of its key, which is rare
    bool is_taken = false;
    for_each_member(reader, [&](std::string_view name) {
      if (name == "key") {
        key = json::text_of(reader.value(), scratch);
      } else if (name != "value" || is_taken) {
        reader.value();
      } else if (key.empty()) {
        early = reader.value();
      } else {
        take(key, reader);
        is_taken = true;
      }
    });
    if (is_taken || key.empty() || !work_.spend(early.size())) return;
    Reader again(early);
    take(key, again);
  }

  // Appends the JSON of a value that OTLP wraps by its kind: {"intValue":"7"}. What nests too deep
  // is not looked into.
  void append_value(Reader& reader, int depth, std::string& out) {
    bool is_known = false;
    if (depth > otel_attribute_depth_max || reader.peek() != Kind::object) {
      reader.value();
    } else {
      for_each_member(reader, [&](std::string_view kind) {
        if (is_known) {
          reader.value();
        } else {
          is_known = append_kind(reader, kind, depth, out);
        }
      });
    }
    if (!is_known) out += "null";
  }

  // Reads what a member of a value holds; false, appending nothing, if it is of no known kind.
  bool append_kind(Reader& reader, std::string_view kind, int depth, std::string& out) {
    if (kind == "arrayValue") {
      append_array(reader, depth, out);
    } else if (kind == "kvlistValue") {
      append_map(reader, depth, out);
    } else if (kind == "stringValue" || kind == "bytesValue") {
      const std::string_view raw = reader.value();
      out += json::is_string(raw) ? raw : "null";
    } else if (kind == "boolValue") {
      out += json::is_true(reader.value()) ? "true" : "false";
    } else if (kind == "intValue" || kind == "doubleValue") {
      out += number_of(reader.value());
    } else {
      reader.value();
      return false;
    }
    return true;
  }

  // Calls `take` for each item of `values` of an ArrayValue or a KeyValueList.
  template <typename Take>
  void for_each_value(Reader& reader, Take take) {
    for_each_member(reader, [&](std::string_view name) {
      if (name == "values") {
        for_each_item(reader, take);
      } else {
        reader.value();
      }
    });
  }

  void append_array(Reader& reader, int depth, std::string& out) {
    char before = '[';
    for_each_value(reader, [&] {
      out += before;
      before = ',';
      append_value(reader, depth + 1, out);
    });
    out += before == '[' ? "[]" : "]";
  }

  void append_map(Reader& reader, int depth, std::string& out) {
    OtelMapWriter map(out);
    for_each_value(reader, [&] {
      read_attribute(reader, [&](std::string_view key, Reader& at) {
        map.begin_member(key);
        append_value(at, depth + 1, out);
      });
    });
    map.end(work_);
  }

  OtelSpanSink& sink_;
  OtelWork& work_;
};

}  // namespace

void read_otel_json(std::string_view text, OtelSpanSink& sink, OtelWork& work) {
  Reader reader(text);
  TracesReader(sink, work).read_request(reader);
}

}  // namespace mr::event
