#include "log/record.h"

// Any bytes, taken as a batch whose checksum matches: decoding ends, within the bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const mr::ByteView bytes(data, size);
  const auto header = mr::log::parse_batch_header(bytes);
  if (!header) return 0;
  (void)mr::log::batch_checksum_matches(bytes, *header);
  std::vector<mr::stream::Record> records;
  (void)mr::log::decode_batch(bytes, *header, mr::Offset(0), mr::Offset(INT64_MAX), records);
  for (const auto& record : records) {
    if (record.headers.size() > size) __builtin_trap();
  }
  return 0;
}
