#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "codec/unpack.h"

// The first byte chooses the packing. Any bytes are opened within the cap or refused.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t cap = 1 << 20;
  if (size == 0) return 0;
  const auto packing = static_cast<mr::codec::Packing>(data[0] % 4);
  const auto opened = mr::codec::unpack(packing, {data + 1, size - 1}, cap);
  if (opened) MR_ASSERT(opened->size() <= cap);
  return 0;
}
