#include "io/disk.h"

namespace mr::io {

namespace {

Path folder_of(const Path& path) {
  const size_t slash = path.rfind('/');
  if (slash == Path::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Task<Result<Bytes>> read_whole_file(Disk& disk, Path path, uint64_t bytes_max) {
  MR_CO_TRY(const auto file, co_await disk.open(path, {}));
  MR_CO_TRY(const uint64_t size, co_await file->size());
  if (size > bytes_max) {
    co_return fail(ErrorCode::too_large, path + " has " + std::to_string(size) +
                                             " bytes; the limit is " + std::to_string(bytes_max));
  }
  Bytes contents(size);
  MR_CO_TRY(const size_t count, co_await file->read_at(0, contents));
  contents.resize(count);
  co_return contents;
}

Task<Result<void>> replace_file(Disk& disk, Path path, Bytes contents) {
  const Path fresh = path + ".new";
  MR_CO_TRY(const auto file, co_await disk.open(fresh, {.access = Access::read_write,
                                                        .creation = Creation::create_if_absent}));
  MR_CO_CHECK(co_await file->truncate(0));
  MR_CO_CHECK(co_await file->write_at(0, contents));
  MR_CO_CHECK(co_await file->sync_data());
  MR_CO_CHECK(co_await disk.rename(fresh, path));
  co_return co_await disk.sync_directory(folder_of(path));
}

}  // namespace mr::io
