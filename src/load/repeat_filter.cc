#include "load/repeat_filter.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "load/block.h"

namespace mr::load {

namespace {

std::optional<int64_t> number_of(const stream::Record& record, std::string_view header) {
  const auto value = record.header(header);
  if (!value) return std::nullopt;
  const std::string_view text = as_text(*value);
  int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::pair<std::string_view, int32_t> source_of(const stream::SourceMark& mark) {
  return {mark.topic, mark.partition};
}

}  // namespace

bool RepeatFilter::seen(const stream::Record& record) {
  const auto partition = number_of(record, source_partition_header);
  const auto offset = number_of(record, source_offset_header);
  if (!partition || !offset || *partition < 0 || *partition > INT32_MAX) return false;
  const auto topic = record.header(source_topic_header);
  const std::pair<std::string_view, int32_t> source = {topic ? as_text(*topic) : "",
                                                       static_cast<int32_t>(*partition)};
  const auto mark = std::ranges::lower_bound(marks_, source, std::less<>(), source_of);
  if (mark == marks_.end() || source_of(*mark) != source) {
    marks_.insert(mark, {std::string(source.first), source.second, Offset(*offset + 1)});
    return false;
  }
  if (*offset < mark->next.value) return true;
  mark->next = Offset(*offset + 1);
  return false;
}

}  // namespace mr::load
