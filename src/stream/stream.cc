#include "stream/stream.h"

namespace mr::stream {

std::optional<ByteView> Record::header(std::string_view name) const {
  for (const HeaderView& header : headers) {
    if (header.name == name) return header.value;
  }
  return std::nullopt;
}

}  // namespace mr::stream
