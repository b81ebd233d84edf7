#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "http/chunk_decoder.h"
#include "http/parser.h"

// Any bytes as a request: the head in pieces must give what the head at once gives, and its views
// must lie inside the buffer; what follows is decoded as chunks and parsed as a response.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using mr::http::RequestParser;
  const std::string text(reinterpret_cast<const char*>(data), size);

  RequestParser whole;
  const auto at_once = whole.parse_head(text);
  RequestParser stepwise;
  auto in_pieces = RequestParser::Progress::needs_more;
  const size_t step = size == 0 ? 1 : data[0] % 7 + 1;
  for (size_t end = step; in_pieces == RequestParser::Progress::needs_more; end += step) {
    in_pieces = stepwise.parse_head(std::string_view(text).substr(0, end));
    if (end >= text.size()) break;
  }
  MR_ASSERT(at_once == in_pieces);
  if (at_once == RequestParser::Progress::complete) {
    MR_ASSERT(whole.head_bytes() == stepwise.head_bytes());
    for (const auto& header : whole.head().headers) {
      MR_ASSERT(header.name.data() >= text.data());
      MR_ASSERT(header.value.data() + header.value.size() <= text.data() + text.size());
    }
    mr::http::ChunkDecoder decoder;
    std::string body = text.substr(whole.head_bytes());
    const auto result = decoder.decode({reinterpret_cast<uint8_t*>(body.data()), body.size()});
    MR_ASSERT(result.payload <= result.consumed && result.consumed <= body.size());
  }
  mr::http::ResponseParser response;
  if (response.feed({data, size})) (void)response.end();
  return 0;
}
