#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "event/test_support.h"

// The input is the body.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mr::event::check_otel_body(mr::as_text({data, size}), "application/x-protobuf");
  return 0;
}
