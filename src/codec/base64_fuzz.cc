#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/bytes.h"
#include "codec/base64.h"
#include "codec/percent.h"
#include "codec/utf8.h"

// Any bytes are decoded or refused; what we encode we can decode; cuts stay inside the text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = mr::as_text({data, size});
  (void)mr::codec::base64_decode(text);
  MR_ASSERT(mr::codec::base64_decode(mr::codec::base64_encode(text)) == text);
  MR_ASSERT(mr::codec::percent_decode(mr::codec::percent_encode(text), mr::codec::Plus::is_plus) ==
            text);
  (void)mr::codec::parse_form(text);
  MR_ASSERT(text.starts_with(mr::codec::cut_utf16(text, size / 2)));
  MR_ASSERT(text.starts_with(mr::codec::cut_code_points(text, size / 2)));
  return 0;
}
