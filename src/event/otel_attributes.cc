#include "event/otel_attributes.h"

#include <algorithm>

#include "codec/json_text.h"

namespace mr::event {

void OtelAttributes::set(std::string_view key, std::string_view raw, OtelWork& work) {
  if (!work.spend(OtelWork::attribute_bytes + key.size() + raw.size())) return;
  if (values.size() < otel_attributes_max || values.contains(key)) {
    values.set(key, raw);
  } else {
    are_too_many = true;
  }
}

void OtelMapWriter::begin_member(std::string_view key) {
  if (!keys_.empty()) out_ += ',';
  const size_t begin = out_.size();
  json::append_quoted(out_, key);
  keys_.emplace_back(begin, out_.size());
  out_ += ':';
}

bool OtelMapWriter::repeats_a_key() const {
  std::vector<std::string_view> keys;
  keys.reserve(keys_.size());
  for (const auto& [begin, end] : keys_) {
    keys.push_back(std::string_view(out_).substr(begin, end - begin));
  }
  std::ranges::sort(keys);
  return std::ranges::adjacent_find(keys) != keys.end();
}

void OtelMapWriter::end(OtelWork& work) {
  out_ += '}';
  if (keys_.size() < 2 || !repeats_a_key()) return;
  constexpr size_t passes = 4;  // read, kept, written and put back
  if (!work.spend(passes * (out_.size() - begin_))) return;
  const auto object = json::Object::parse(std::string_view(out_).substr(begin_));
  if (!object) return;
  out_.resize(begin_);
  object->append_json(out_);
}

}  // namespace mr::event
