#include "main/file_copy.h"

#include <algorithm>
#include <filesystem>

#include "codec/crc32c.h"
#include "io/aligned_buffer.h"
#include "io/disk.h"

namespace mr::main {

namespace {

namespace fs = std::filesystem;

constexpr size_t chunk_bytes = 1024 * 1024;

}  // namespace

io::Task<Result<FileSum>> sum_file(io::World world, io::Path path) {
  MR_CO_TRY(const auto file, co_await world.disk.open(path, {.caching = io::Caching::direct}));
  FileSum sum;
  io::AlignedBuffer chunk;
  chunk.resize(chunk_bytes);
  for (;;) {
    MR_CO_TRY(const size_t count, co_await file->read_at(sum.bytes, chunk.bytes()));
    sum.crc32c = codec::crc32c_extend(sum.crc32c, chunk.view().first(count));
    sum.bytes += count;
    if (count < chunk_bytes) co_return sum;  // a direct read may not begin inside a block
  }
}

io::Task<Result<FileSum>> copy_file(io::World world, io::Path from, io::Path to,
                                    log::Progress* progress) {
  MR_CO_TRY(const auto source, co_await world.disk.open(from, {}));
  MR_CO_TRY(const auto target,
            co_await world.disk.open(to, {io::Access::read_write, io::Creation::must_not_exist}));
  FileSum sum;
  Bytes chunk(chunk_bytes);
  for (;;) {
    MR_CO_TRY(const size_t count, co_await source->read_at(sum.bytes, chunk));
    if (count == 0) break;
    const ByteView bytes = ByteView(chunk).first(count);
    MR_CO_CHECK(co_await target->write_at(sum.bytes, bytes));
    sum.crc32c = codec::crc32c_extend(sum.crc32c, bytes);
    sum.bytes += count;
    if (progress != nullptr) progress->advanced(count);
  }
  MR_CO_CHECK(co_await target->sync_data());
  co_return sum;
}

Result<std::vector<std::string>> files_below(const io::Path& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_regular_file() && !at->is_symlink()) {
      files.push_back(at->path().string().substr(folder.size() + 1));
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail(ErrorCode::io_failed, "listing " + folder + ": " + error.message());
  }
  std::ranges::sort(files);
  return files;
}

uint64_t bytes_below(const io::Path& folder) {
  uint64_t bytes = 0;
  for (const std::string& file : files_below(folder).value_or(std::vector<std::string>{})) {
    std::error_code error;
    const auto size = fs::file_size(folder + "/" + file, error);
    if (!error) bytes += size;
  }
  return bytes;
}

io::Task<Result<void>> sync_folders(io::World world, io::Path folder) {
  MR_CO_CHECK(co_await world.disk.sync_directory(folder));
  std::vector<io::Path> folders;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_directory() && !at->is_symlink()) folders.push_back(at->path().string());
  }
  if (error) co_return fail(ErrorCode::io_failed, "listing " + folder + ": " + error.message());
  for (const io::Path& one : folders) MR_CO_CHECK(co_await world.disk.sync_directory(one));
  co_return Result<void>{};
}

io::Task<Result<void>> copy_tree(io::World world, io::Path from, io::Path to,
                                 log::Progress* progress) {
  MR_CO_CHECK(co_await world.disk.make_folders(to));
  std::error_code error;
  for (fs::recursive_directory_iterator at(from, error), end; !error && at != end;
       at.increment(error)) {
    if (!at->is_directory() || at->is_symlink()) continue;
    const io::Path folder = to + at->path().string().substr(from.size());
    MR_CO_CHECK(co_await world.disk.make_folders(folder));
  }
  MR_CO_TRY(const auto files, files_below(from));
  for (const std::string& file : files) {
    MR_CO_CHECK(co_await copy_file(world, from + "/" + file, to + "/" + file, progress));
  }
  co_return co_await sync_folders(world, to);
}

}  // namespace mr::main
