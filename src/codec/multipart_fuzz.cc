#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/bytes.h"
#include "codec/multipart.h"
#include "codec/utf8.h"

// The first line is a Content-Type, the rest is the body. Whatever comes in: parts that lie in the
// body, in their order, or an error.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mr::codec;
  const std::string_view text = mr::as_text({data, size});
  const size_t line = std::min(text.find('\n'), text.size());
  const std::string boundary = multipart_boundary(text.substr(0, line)).value_or("AB");
  MR_ASSERT(!boundary.empty() && boundary.size() <= 70);
  const std::string_view body = text.substr(std::min(line + 1, text.size()));
  const auto parts = split_multipart(body, boundary, 8);
  if (!parts) return 0;
  MR_ASSERT(parts->size() <= 8);
  const char* end = body.data();
  for (const Part& part : *parts) {
    MR_ASSERT(part.content.data() >= end);
    end = part.content.data() + part.content.size();
    MR_ASSERT(end <= body.data() + body.size());
    MR_ASSERT(is_valid_utf8(part.name));
    MR_ASSERT(part.content.find("\r\n--" + boundary + "\r\n") == std::string_view::npos);
  }
  return 0;
}
