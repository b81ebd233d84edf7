#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "codec/gzip.h"

// Any bytes are opened within the cap or refused; what we pack we can open.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t cap = 1 << 20;
  const auto opened = mr::codec::gunzip({data, size}, cap);
  if (opened) MR_ASSERT(opened->size() <= cap);
  const std::string packed = mr::codec::gzip(mr::as_text({data, size}), 1);
  const auto again = mr::codec::gunzip(mr::as_bytes(packed), size);
  MR_ASSERT(again.has_value());
  MR_ASSERT(*again == mr::as_text({data, size}));
  return 0;
}
