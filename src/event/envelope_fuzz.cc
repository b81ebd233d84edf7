#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "event/envelope.h"

// Any bytes are an envelope or refused; what was read is written so that it reads the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mr::event;
  // Its record's key, for the form that leaves out what that holds.
  const auto envelope = decode_envelope({data, size}, mr::as_bytes("phc_token:someone"));
  if (!envelope) return 0;
  const auto again = decode_envelope(encode_envelope(*envelope));
  MR_ASSERT(again.has_value());
  // An empty context that was flagged is written without the flag and reads as empty.
  MR_ASSERT(*again == *envelope);
  return 0;
}
