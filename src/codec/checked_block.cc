#include "codec/checked_block.h"

#include "codec/byte_reader.h"
#include "codec/byte_writer.h"
#include "codec/crc32c.h"

namespace mr::codec {

Bytes seal_block(const BlockKind& kind, ByteView body) {
  Bytes bytes;
  append(bytes, as_bytes(kind.magic));
  put_u32_le(bytes, kind.version);
  put_u32_le(bytes, crc32c(body));
  append(bytes, body);
  return bytes;
}

Result<OpenedBlock> open_block(const BlockKind& kind, ByteView bytes) {
  const std::string name(kind.name);
  ByteReader reader(bytes);
  if (as_text(reader.bytes(kind.magic.size())) != kind.magic) {
    return fail(ErrorCode::corrupt, "this is no " + name + ": its first bytes are not ours");
  }
  const uint32_t version = reader.u32_le();
  if (reader.ok() && version > kind.version) {
    return fail(ErrorCode::unsupported, "the " + name + " has version " + std::to_string(version) +
                                            ", this program reads up to " +
                                            std::to_string(kind.version));
  }
  const uint32_t checksum = reader.u32_le();
  const ByteView body = reader.bytes(reader.remaining());
  if (!reader.ok() || version == 0 || crc32c(body) != checksum) {
    return fail(ErrorCode::corrupt, "the " + name + " does not match its checksum");
  }
  return OpenedBlock{version, body};
}

}  // namespace mr::codec
