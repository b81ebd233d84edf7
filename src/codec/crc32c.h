#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace mr::codec {

// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), the checksum of Kafka's record batches and
// of all our own formats. Uses the processor's instruction where there is one. The check value of
// "123456789" is 0xE3069283.
uint32_t crc32c(ByteView bytes);

// The checksum of what came before followed by `bytes`: crc32c_extend(crc32c(a), b) == crc32c(ab),
// and crc32c_extend(0, a) == crc32c(a).
uint32_t crc32c_extend(uint32_t before, ByteView bytes);

// The table-driven version, whatever the processor can do; for machines without the instruction
// and for the test that compares the two.
uint32_t crc32c_extend_portable(uint32_t before, ByteView bytes);

}  // namespace mr::codec
