#include "log/checkpoint_file.h"

#include <algorithm>

#include "codec/byte_reader.h"
#include "codec/byte_writer.h"
#include "codec/crc32c.h"

namespace mr::log {

namespace {

constexpr uint32_t checkpoint_magic = 0x4D524350;  // "MRCP"
// Version 1 ends before the number of sources; in version 2 they have no topics.
constexpr uint16_t checkpoint_version = 3;
constexpr uint16_t version_with_topics = 3;
constexpr uint16_t flag_intended = 1;
constexpr size_t crc_bytes = 4;
constexpr size_t name_bytes_max = 200;
constexpr std::string_view file_ending = ".checkpoint";

}  // namespace

io::Path checkpoint_path(const io::Path& folder, const std::string& name) {
  return folder + "/" + name + std::string(file_ending);
}

Bytes encode_checkpoint(const stream::Checkpoint& checkpoint) {
  Bytes out;
  codec::put_u32_be(out, checkpoint_magic);
  codec::put_u16_be(out, checkpoint_version);
  codec::put_u16_be(out, checkpoint.intended_end ? flag_intended : 0);
  codec::put_u64_be(out, static_cast<uint64_t>(checkpoint.next.value));
  codec::put_u64_be(out, static_cast<uint64_t>(checkpoint.intended_end.value_or(Offset(0)).value));
  codec::put_u32_be(out, static_cast<uint32_t>(checkpoint.sources.size()));
  for (const stream::SourceMark& source : checkpoint.sources) {
    codec::put_u16_be(out, static_cast<uint16_t>(source.topic.size()));
    codec::put_bytes(out, as_bytes(source.topic));
    codec::put_u32_be(out, static_cast<uint32_t>(source.partition));
    codec::put_u64_be(out, static_cast<uint64_t>(source.next.value));
  }
  codec::put_u32_be(out, codec::crc32c(out));
  return out;
}

Result<stream::Checkpoint> decode_checkpoint(ByteView bytes, const std::string& path) {
  codec::ByteReader reader(bytes);
  const uint32_t magic = reader.u32_be();
  const uint16_t version = reader.u16_be();
  if (magic == checkpoint_magic && version > checkpoint_version) {
    return fail(ErrorCode::unsupported, path + " has version " + std::to_string(version) +
                                            "; this program reads up to version " +
                                            std::to_string(checkpoint_version));
  }
  const uint16_t flags = reader.u16_be();
  stream::Checkpoint checkpoint;
  checkpoint.next = Offset(static_cast<int64_t>(reader.u64_be()));
  const Offset intended(static_cast<int64_t>(reader.u64_be()));
  const uint32_t sources = version == 1 ? 0 : reader.u32_be();
  for (uint32_t i = 0; i < sources && reader.ok(); ++i) {
    stream::SourceMark source;
    if (version >= version_with_topics) source.topic = as_text(reader.bytes(reader.u16_be()));
    source.partition = static_cast<int32_t>(reader.u32_be());
    source.next = Offset(static_cast<int64_t>(reader.u64_be()));
    checkpoint.sources.push_back(std::move(source));
  }
  const uint32_t crc = reader.u32_be();
  if (!reader.finished() || magic != checkpoint_magic ||
      codec::crc32c(bytes.first(bytes.size() - crc_bytes)) != crc) {
    return fail(ErrorCode::corrupt, path + " is damaged");
  }
  if ((flags & flag_intended) != 0) checkpoint.intended_end = intended;
  return checkpoint;
}

Result<io::Path> CheckpointFiles::path_of(const std::string& name) const {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  if (name.empty() || name.size() > name_bytes_max || name.front() == '.' ||
      !std::all_of(name.begin(), name.end(), allowed)) {
    return fail(ErrorCode::invalid_input, "\"" + name + "\" cannot name a checkpoint");
  }
  return checkpoint_path(folder_, name);
}

io::Task<Result<std::optional<stream::Checkpoint>>> CheckpointFiles::load(std::string name) {
  MR_CO_TRY(const io::Path path, path_of(name));
  constexpr uint64_t bytes_max = 1024 * 1024;
  const auto bytes = co_await io::read_whole_file(world_.disk, path, bytes_max);
  if (!bytes) {
    if (bytes.error().code() == ErrorCode::not_found) co_return std::optional<stream::Checkpoint>();
    co_return fail(bytes.error());
  }
  MR_CO_TRY(const auto checkpoint, decode_checkpoint(*bytes, path));
  // Its name may not be durable yet, if a crash or an error came between: what is said here must
  // not be taken back by a power loss.
  MR_CO_CHECK(co_await world_.disk.sync_directory(folder_));
  co_return std::optional(checkpoint);
}

io::Task<Result<void>> CheckpointFiles::save(std::string name, stream::Checkpoint checkpoint) {
  MR_CO_TRY(const io::Path path, path_of(name));
  MR_CO_CHECK(co_await world_.disk.make_folders(folder_));
  co_return co_await io::replace_file(world_.disk, path, encode_checkpoint(checkpoint));
}

io::Task<Result<std::vector<std::string>>> CheckpointFiles::names() {
  std::vector<std::string> found;
  const auto files = co_await world_.disk.list(folder_);
  if (!files) {
    if (files.error().code() == ErrorCode::not_found) co_return found;
    co_return fail(files.error());
  }
  for (const std::string& file : *files) {
    if (!file.ends_with(file_ending)) continue;
    found.push_back(file.substr(0, file.size() - file_ending.size()));
  }
  co_return found;
}

io::Task<Result<void>> CheckpointFiles::remove(std::string name) {
  MR_CO_TRY(const io::Path path, path_of(name));
  const auto removed = co_await world_.disk.remove(path);
  if (removed || removed.error().code() == ErrorCode::not_found) co_return Result<void>{};
  co_return removed;
}

}  // namespace mr::log
