#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace mr::codec {

// The frame of a small file of ours: magic bytes that say which it is, a version (u32, little
// endian), the CRC-32C of the body (the same), and the body.

// Which file it is.
struct BlockKind {
  std::string_view magic;
  uint32_t version;       // what is written, and the newest that is read
  std::string_view name;  // for messages: "catalog snapshot"
};

// The file with that body.
Bytes seal_block(const BlockKind& kind, ByteView body);

struct OpenedBlock {
  uint32_t version;
  ByteView body;  // a part of the bytes that were opened
};

// Errors: corrupt (of another kind, cut off, a wrong checksum), unsupported (a newer version, which
// is said before anything behind it is looked at; the message names it).
Result<OpenedBlock> open_block(const BlockKind& kind, ByteView bytes);

}  // namespace mr::codec
