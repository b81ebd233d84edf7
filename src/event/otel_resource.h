#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/json_object.h"
#include "event/otel_attributes.h"

namespace mr::event {

// What the spans of one process share: its attributes, without what OpenTelemetry finds out about
// the machine by itself. They are written once, and repeated for each span as bytes.
class OtelResource {
 public:
  explicit OtelResource(OtelAttributes attributes);

  // The text of an attribute; empty where there is none.
  std::string text_at(std::string_view key) const;
  bool contains(std::string_view key) const { return attributes_.values.contains(key); }
  bool has_too_many_attributes() const { return attributes_.are_too_many; }
  // What it holds under a known attribute (otel_properties.h), as the property's raw value.
  std::optional<std::string_view> known(size_t index) const;

  // Appends the attributes that become properties as they are, apart from those that `over` has:
  // members of a JSON object, each with a comma behind it.
  void append_members(std::string& out, const json::Object& over) const;

  // About as much as it costs to repeat it for one span.
  size_t bytes() const { return bytes_; }

 private:
  OtelAttributes attributes_;
  std::vector<std::optional<std::string>> known_;
  std::string members_;       // one after the other, as append_members writes them
  std::vector<size_t> ends_;  // of each, in it
  std::vector<std::pair<std::string_view, size_t>> places_;  // by key, sorted
  size_t bytes_ = 0;
};

}  // namespace mr::event
