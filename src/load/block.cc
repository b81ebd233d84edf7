#include "load/block.h"

#include <algorithm>

namespace mr::load {

namespace {

bool is_decimal(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// "captured.historical"; nothing that would have to be escaped.
bool is_topic(std::string_view text) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789._-";
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

void append_source_topic(std::string& rows, const stream::Record& record) {
  const auto topic = record.header(source_topic_header);
  if (!topic || !is_topic(as_text(*topic))) return;
  rows += ",\"_source_topic\":\"";
  rows += as_text(*topic);
  rows += '"';
}

void append_source(std::string& rows, const stream::Record& record, std::string_view header,
                   std::string_view column) {
  const auto value = record.header(header);
  if (!value || !is_decimal(as_text(*value))) return;
  rows += ",\"";
  rows += column;
  rows += "\":";
  rows += as_text(*value);
}

}  // namespace

void Block::add(const stream::Record& record) {
  const std::string_view value = as_text(record.value);
  const size_t first_member = value.find_first_not_of(" \t\r\n", 1);
  const bool is_object =
      !value.empty() && value.front() == '{' && first_member != std::string_view::npos;
  // A line feed inside would split the row; our own writers never emit one.
  if (!is_object || value.find('\n') != std::string_view::npos) {
    rejected_.push_back({record.offset, std::string(value)});
    return;
  }
  starts_.push_back(rows_.size());
  offsets_.push_back(record.offset);
  rows_ += "{\"_partition\":" + std::to_string(partition_);
  rows_ += ",\"_offset\":" + std::to_string(record.offset.value);
  rows_ +=
      ",\"_timestamp\":" + std::to_string(std::max<int64_t>(record.timestamp.millis / 1000, 0));
  append_source_topic(rows_, record);
  append_source(rows_, record, source_partition_header, "_source_partition");
  append_source(rows_, record, source_offset_header, "_source_offset");
  if (value[first_member] != '}') rows_ += ',';
  rows_ += value.substr(1);
  rows_ += '\n';
}

std::string Block::slice(size_t first, size_t count) const {
  const size_t begin = starts_[first];
  const size_t end = first + count < starts_.size() ? starts_[first + count] : rows_.size();
  return rows_.substr(begin, end - begin);
}

Block Block::without(const std::vector<Offset>& present) const {
  Block rest(partition_);
  rest.rejected_ = rejected_;
  for (size_t i = 0; i < offsets_.size(); ++i) {
    if (std::ranges::binary_search(present, offsets_[i])) continue;
    rest.append_row(offsets_[i], slice(i, 1));
  }
  return rest;
}

void Block::append_row(Offset offset, std::string_view row) {
  starts_.push_back(rows_.size());
  offsets_.push_back(offset);
  rows_ += row;
}

}  // namespace mr::load
