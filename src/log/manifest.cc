#include "log/manifest.h"

#include <algorithm>

#include "base/reached.h"
#include "codec/byte_reader.h"
#include "codec/byte_writer.h"
#include "codec/crc32c.h"

namespace mr::log {

namespace {

constexpr uint32_t manifest_magic = 0x4D524C4D;  // "MRLM"
constexpr uint16_t manifest_version = 1;
constexpr uint32_t flag_sealed = 1;
constexpr uint32_t flag_recycled = 2;
constexpr uint32_t flag_deferred = 4;
constexpr uint32_t flags_known = flag_sealed | flag_recycled | flag_deferred;
constexpr size_t manifest_header_bytes = 28;
constexpr size_t manifest_entry_bytes = 44;
constexpr size_t manifest_crc_bytes = 4;
// A petabyte of segments; more than that is damage.
constexpr size_t manifest_bytes_max = 1ull << 30;

}  // namespace

const SegmentEntry* Manifest::find(Offset offset) const {
  const auto after = std::upper_bound(
      segments.begin(), segments.end(), offset,
      [](Offset wanted, const SegmentEntry& entry) { return wanted < entry.base; });
  if (after == segments.begin()) return nullptr;
  return &*std::prev(after);
}

Bytes encode_manifest(const Manifest& manifest) {
  Bytes out;
  out.reserve(manifest_header_bytes + manifest.segments.size() * manifest_entry_bytes +
              manifest_crc_bytes);
  codec::put_u32_be(out, manifest_magic);
  codec::put_u16_be(out, manifest_version);
  codec::put_u16_be(out, 0);
  codec::put_u32_be(out, static_cast<uint32_t>(manifest.last_epoch));
  codec::put_u64_be(out, static_cast<uint64_t>(manifest.first_offset.value));
  codec::put_u32_be(out, 0);
  codec::put_u32_be(out, static_cast<uint32_t>(manifest.segments.size()));
  for (const SegmentEntry& entry : manifest.segments) {
    codec::put_u64_be(out, static_cast<uint64_t>(entry.base.value));
    codec::put_u32_be(out, static_cast<uint32_t>(entry.use.epoch));
    codec::put_u32_be(out, static_cast<uint32_t>(entry.use.mark));
    codec::put_u32_be(out, (entry.sealed ? flag_sealed : 0) | (entry.recycled ? flag_recycled : 0) |
                               (entry.deferred ? flag_deferred : 0));
    codec::put_u64_be(out, entry.sealed_bytes);
    codec::put_u64_be(out, static_cast<uint64_t>(entry.end.value));
    codec::put_u64_be(out, static_cast<uint64_t>(entry.max_timestamp.millis));
  }
  codec::put_u32_be(out, codec::crc32c(out));
  return out;
}

Result<Manifest> decode_manifest(ByteView bytes, const std::string& path) {
  const auto corrupt = [&path](const char* what) {
    return fail(ErrorCode::corrupt, path + " is damaged: " + what);
  };
  codec::ByteReader reader(bytes);
  if (reader.u32_be() != manifest_magic) return corrupt("it does not begin like a manifest");
  const uint16_t version = reader.u16_be();
  if (version > manifest_version) {
    return fail(ErrorCode::unsupported, path + " has version " + std::to_string(version) +
                                            "; this program reads up to version " +
                                            std::to_string(manifest_version));
  }
  if (bytes.size() < manifest_header_bytes + manifest_crc_bytes) return corrupt("it is too short");
  const size_t checked = bytes.size() - manifest_crc_bytes;
  codec::ByteReader tail(bytes.subspan(checked));
  if (codec::crc32c(bytes.first(checked)) != tail.u32_be()) return corrupt("its checksum fails");
  Manifest manifest;
  reader.u16_be();
  manifest.last_epoch = static_cast<int32_t>(reader.u32_be());
  manifest.first_offset = Offset(static_cast<int64_t>(reader.u64_be()));
  reader.u32_be();
  const uint32_t count = reader.u32_be();
  if (checked != manifest_header_bytes + uint64_t{count} * manifest_entry_bytes)
    return corrupt("its size is wrong");
  for (uint32_t i = 0; i < count; ++i) {
    SegmentEntry entry;
    entry.base = Offset(static_cast<int64_t>(reader.u64_be()));
    entry.use.epoch = static_cast<int32_t>(reader.u32_be());
    entry.use.mark = static_cast<int32_t>(reader.u32_be());
    const uint32_t flags = reader.u32_be();
    if ((flags & ~flags_known) != 0) {
      return fail(ErrorCode::unsupported, path + ": the segment at offset " +
                                              std::to_string(entry.base.value) +
                                              " was written by a newer version of this program");
    }
    entry.sealed = (flags & flag_sealed) != 0;
    entry.recycled = (flags & flag_recycled) != 0;
    entry.deferred = (flags & flag_deferred) != 0;
    entry.sealed_bytes = reader.u64_be();
    entry.end = Offset(static_cast<int64_t>(reader.u64_be()));
    entry.max_timestamp = WallTime{static_cast<int64_t>(reader.u64_be())};
    if (!manifest.segments.empty() &&
        (!manifest.segments.back().sealed || manifest.segments.back().end != entry.base)) {
      return corrupt("its segments do not follow one another");
    }
    manifest.segments.push_back(entry);
  }
  return manifest;
}

io::Task<Result<std::optional<Manifest>>> load_manifest(io::Disk& disk, io::Path folder) {
  const io::Path path = folder + "/" + manifest_name;
  const auto bytes = co_await io::read_whole_file(disk, path, manifest_bytes_max);
  if (!bytes) {
    if (bytes.error().code() == ErrorCode::not_found) co_return std::optional<Manifest>();
    co_return fail(bytes.error());
  }
  MR_CO_TRY(Manifest manifest, decode_manifest(*bytes, path));
  co_return std::optional(std::move(manifest));
}

io::Task<Result<Manifest>> load_written_manifest(io::Disk& disk, io::Path folder) {
  constexpr const char* advice =
      ": restore a backup, or move the folder aside (`millrace log dump FILE.log` shows what each "
      "segment file holds)";
  // The names first: the first manifest is durable before the first segment gets its final name.
  const auto names = co_await disk.list(folder);
  if (!names) co_return fail(names.error());
  auto manifest = co_await load_manifest(disk, folder);
  if (!manifest && manifest.error().code() == ErrorCode::corrupt) {
    co_return fail(ErrorCode::corrupt, manifest.error().message() + advice);
  }
  if (!manifest) co_return fail(manifest.error());
  if (*manifest) co_return std::move(**manifest);
  const bool segments =
      std::ranges::any_of(*names, [](const std::string& name) { return name.ends_with(".log"); });
  if (segments) {
    co_return fail(ErrorCode::corrupt,
                   folder + " holds segments, but its manifest is missing" + advice);
  }
  co_return fail(ErrorCode::not_found, folder + " has no manifest");
}

io::Path segment_path(const io::Path& folder, Offset base) {
  constexpr size_t name_digits = 20;
  const std::string digits = std::to_string(base.value);
  return folder + "/" + std::string(name_digits - digits.size(), '0') + digits + ".log";
}

io::Path fresh_segment_path(const io::Path& folder, Offset base, int32_t epoch) {
  return segment_path(folder, base) + "." + std::to_string(epoch);
}

io::Task<Result<std::unique_ptr<io::File>>> open_segment(io::Disk& disk, io::Path folder,
                                                         SegmentEntry entry, io::Caching caching) {
  const io::OpenMode mode{.caching = caching};
  auto file = co_await disk.open(fresh_segment_path(folder, entry.base, entry.use.epoch), mode);
  if (file) MR_REACHED("log.reader.manifest_ahead_of_name");
  if (!file && file.error().code() == ErrorCode::not_found) {
    file = co_await disk.open(segment_path(folder, entry.base), mode);
  }
  co_return file;
}

}  // namespace mr::log
