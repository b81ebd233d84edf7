#include "main/data_directory.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace mr::main {

namespace {

constexpr std::string_view version_prefix = "millrace data ";
constexpr uint64_t version_bytes_max = 100;
// A unix socket's path has at most 107 bytes; the longest that we add is "/run/pipeline.sock".
constexpr size_t path_bytes_max = 107 - 18;

Result<void> check_version(const DataDirectory& directory, std::string_view text) {
  int version = 0;
  const bool known = text.starts_with(version_prefix);
  if (known) {
    text.remove_prefix(version_prefix.size());
    std::from_chars(text.data(), text.data() + text.size(), version);
  }
  if (version < 1) {
    return fail(ErrorCode::corrupt,
                directory.version_file() + " is not ours: is this the data directory of Millrace?");
  }
  if (version > data_version) {
    return fail(ErrorCode::unsupported,
                "the data directory " + directory.path() +
                    " was written by a newer Millrace (data " + std::to_string(version) +
                    "; this program reads up to " + std::to_string(data_version) +
                    "): start it with that version");
  }
  return {};
}

io::Task<Result<void>> check_or_write_version(io::Disk& disk, DataDirectory directory) {
  const auto present =
      co_await io::read_whole_file(disk, directory.version_file(), version_bytes_max);
  if (present) co_return check_version(directory, as_text(*present));
  if (present.error().code() != ErrorCode::not_found) co_return fail(present.error());
  const std::string text = std::string(version_prefix) + std::to_string(data_version) + "\n";
  const ByteView bytes = as_bytes(text);
  co_return co_await io::replace_file(disk, directory.version_file(),
                                      Bytes(bytes.begin(), bytes.end()));
}

}  // namespace

DataDirectory::DataDirectory(const std::string& path)
    : path_(std::filesystem::absolute(path).lexically_normal().string()) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
}

io::Task<Result<std::unique_ptr<io::DiskLock>>> open_data_directory(io::Disk& disk,
                                                                    DataDirectory directory) {
  if (directory.path().size() > path_bytes_max) {
    co_return fail(ErrorCode::invalid_input,
                   "the data directory's path " + directory.path() + " is longer than " +
                       std::to_string(path_bytes_max) + " bytes, too long for the sockets in it");
  }
  for (const io::Path& folder : {directory.path(), directory.run()}) {
    if (auto made = co_await disk.make_folders(folder); !made) {
      co_return fail(made.error().within("the data directory " + directory.path()));
    }
  }
  auto lock = co_await disk.lock(directory.lock_file());
  if (!lock && lock.error().code() == ErrorCode::busy) {
    co_return fail(ErrorCode::busy, "another millrace serve is running on the data directory " +
                                        directory.path() +
                                        ": stop it, or choose another with --data");
  }
  if (!lock) co_return fail(lock.error().within("the data directory " + directory.path()));
  MR_CO_CHECK(co_await check_or_write_version(disk, directory));
  co_return std::move(*lock);
}

io::Task<Result<std::string>> noted_engine(io::Disk& disk, DataDirectory directory) {
  const auto present =
      co_await io::read_whole_file(disk, directory.engine_file(), version_bytes_max);
  if (present) {
    const std::string_view text = as_text(*present);
    co_return std::string(text.substr(0, text.find('\n')));
  }
  if (present.error().code() != ErrorCode::not_found) co_return fail(present.error());
  // Before there was a choice, there was no note.
  const auto names = co_await disk.list(directory.path());
  if (!names && names.error().code() != ErrorCode::not_found) co_return fail(names.error());
  const bool used = names && std::ranges::find(*names, "catalog.db") != names->end();
  co_return std::string(used ? "embedded" : "");
}

io::Task<Result<void>> check_engine(io::Disk& disk, DataDirectory directory, std::string engine) {
  MR_CO_TRY(const std::string noted, co_await noted_engine(disk, directory));
  if (!noted.empty() && noted != engine) {
    co_return fail(ErrorCode::invalid_input,
                   "log.engine is " + engine + ", but the log of the data directory " +
                       directory.path() + " is " + noted +
                       ": set log.engine to that, or choose another directory with --data");
  }
  if (co_await disk.open(directory.engine_file(), {})) co_return Result<void>();
  engine += '\n';
  const ByteView bytes = as_bytes(engine);
  co_return co_await io::replace_file(disk, directory.engine_file(),
                                      Bytes(bytes.begin(), bytes.end()));
}

}  // namespace mr::main
