#include "stream/stream.h"

namespace mr::stream {

namespace {

size_t bytes_of(ByteView key, ByteView value, const HeaderViews& headers) {
  size_t bytes = key.size() + value.size();
  for (const HeaderView& header : headers) bytes += header.name.size() + header.value.size();
  return bytes;
}

}  // namespace

void HeaderViews::push_back(HeaderView header) {
  if (many_.empty() && few_count_ < few_.size()) {
    few_[few_count_++] = header;
    return;
  }
  if (many_.empty()) many_.assign(few_.begin(), few_.end());
  many_.push_back(header);
}

size_t RecordView::payload_bytes() const {
  return bytes_of(key, value, headers);
}

size_t Record::payload_bytes() const {
  return bytes_of(key, value, headers);
}

std::optional<ByteView> Record::header(std::string_view name) const {
  for (const HeaderView& header : headers) {
    if (header.name == name) return header.value;
  }
  return std::nullopt;
}

}  // namespace mr::stream
