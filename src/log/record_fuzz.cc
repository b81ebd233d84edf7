#include "log/record.h"

// Any bytes, taken as a batch whose checksum matches: decoding ends, within the bytes and within
// the memory that a batch may take. The same bytes are also tried as what each codec compressed.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using mr::log::Codec;
  const mr::ByteView bytes(data, size);
  constexpr size_t contents_max = 1024 * 1024;
  for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    mr::io::AlignedBuffer out;
    const auto done = mr::log::decompress(codec, bytes, contents_max, out);
    if (done && out.size() > contents_max) __builtin_trap();
  }
  const auto header = mr::log::parse_batch_header(bytes);
  if (!header) return 0;
  (void)mr::log::batch_checksum_matches(bytes, *header);
  const auto decoded = mr::log::decode_batch(bytes, *header, mr::Offset(0), mr::Offset(INT64_MAX));
  if (!decoded) return 0;
  for (const auto& record : decoded->records) {
    if (record.headers.size() > decoded->contents_bytes) __builtin_trap();
  }
  return 0;
}
