#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/bytes.h"
#include "codec/lz_string.h"
#include "codec/utf8.h"

// Any bytes are unpacked within the cap, to valid text, or refused.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t cap = 1 << 16;
  const auto unpacked = mr::codec::lz_string_decode(mr::as_text({data, size}), cap);
  if (!unpacked) return 0;
  MR_ASSERT(unpacked->size() <= cap);
  MR_ASSERT(mr::codec::is_valid_utf8(*unpacked));
  return 0;
}
