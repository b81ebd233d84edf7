#include "main/restore.h"

#include <filesystem>

#include "io/disk.h"

namespace mr::main {

namespace {

namespace fs = std::filesystem;

constexpr uint64_t description_bytes_max = 1ull << 30;

io::Path parent_of(const io::Path& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

io::Task<Result<BackupDescription>> read_description(io::World world, std::string backup) {
  const io::Path path = backup + "/" + backup_description_name;
  const auto text = co_await io::read_whole_file(world.disk, path, description_bytes_max);
  if (!text && text.error().code() == ErrorCode::not_found) {
    co_return fail(ErrorCode::not_found,
                   backup + " is no backup, or one that was not finished: it has no " +
                       backup_description_name);
  }
  if (!text) co_return fail(text.error());
  co_return parse_backup(as_text(*text), path);
}

io::Task<Result<void>> restore_file(io::World world, std::string backup, io::Path into,
                                    BackupFile file, BackupProgress& progress) {
  const io::Path from = backup + "/" + file.path;
  const io::Path to = into + "/" + file.path;
  MR_CO_CHECK(co_await world.disk.make_folders(parent_of(to)));
  MR_CO_TRY(const FileSum sum, co_await copy_file(world, from, to, &progress));
  if (sum.bytes != file.sum.bytes || sum.crc32c != file.sum.crc32c) {
    co_return fail(ErrorCode::corrupt,
                   from + " is damaged: its checksum is not the one in the backup's description");
  }
  co_return Result<void>{};
}

}  // namespace

io::Task<Result<BackupDescription>> restore_backup(io::World world, std::string backup,
                                                   DataDirectory directory,
                                                   BackupProgress& progress) {
  std::error_code error;
  if (fs::exists(directory.path()) && !fs::is_empty(directory.path(), error)) {
    co_return fail(ErrorCode::already_exists,
                   directory.path() + " is not empty: restore into a new directory");
  }
  MR_CO_TRY(BackupDescription description, co_await read_description(world, backup));
  const io::Path half = directory.path() + ".restoring";
  fs::remove_all(half, error);
  MR_CO_CHECK(co_await world.disk.make_folders(half));
  progress.begin("restoring", description.bytes());
  for (const BackupFile& file : description.files) {
    const auto restored = co_await restore_file(world, backup, half, file, progress);
    if (!restored) {
      fs::remove_all(half, error);
      co_return fail(restored.error());
    }
  }
  MR_CO_CHECK(co_await sync_folders(world, half));
  fs::remove(directory.path(), error);
  MR_CO_CHECK(co_await world.disk.rename(half, directory.path()));
  MR_CO_CHECK(co_await world.disk.sync_directory(parent_of(directory.path())));
  co_return std::move(description);
}

}  // namespace mr::main
