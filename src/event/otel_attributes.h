#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/json_object.h"
#include "event/otel_work.h"

namespace mr::event {

// Attributes that nest deeper are null.
inline constexpr int otel_attribute_depth_max = 32;
// Of one span or resource. Exporters stop at 128 unless told otherwise.
inline constexpr size_t otel_attributes_max = 10'000;

// The attributes of a span or a resource, as JSON by their keys.
struct OtelAttributes {
  json::Object values;
  bool are_too_many = false;  // `values` holds the first ones

  // Keeps a copy, if there is room and work left for it.
  void set(std::string_view key, std::string_view raw, OtelWork& work);
};

// Writes a map of attributes as a JSON object, behind what the text holds. A repeated key keeps its
// first place and its last value, as everywhere.
class OtelMapWriter {
 public:
  explicit OtelMapWriter(std::string& out) : out_(out), begin_(out.size()) { out_ += '{'; }

  // Begins a member; its value is to be appended to the text.
  void begin_member(std::string_view key);
  // Ends the object. Repeated keys cost work, and stay where none is left.
  void end(OtelWork& work);

 private:
  bool repeats_a_key() const;

  std::string& out_;
  size_t begin_;
  std::vector<std::pair<size_t, size_t>> keys_;  // from where to where in the text
};

}  // namespace mr::event
