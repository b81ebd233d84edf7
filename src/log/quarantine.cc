#include "log/quarantine.h"

#include <algorithm>

#include "io/random.h"
#include "log/segment_scan.h"
#include "telemetry/log_line.h"

namespace mr::log {

namespace {

constexpr size_t copy_chunk_bytes = 1024 * 1024;

io::Task<Result<void>> copy(io::World world, io::Path folder, io::Path path, io::File& segment,
                            DamagedBytes damaged) {
  MR_CO_CHECK(co_await world.disk.make_folders(folder));
  // Readers in several processes may come here at once: each makes a file of its own.
  const io::Path fresh = path + "." + std::to_string(world.random.next()) + ".new";
  const io::OpenMode mode{io::Access::read_write, io::Creation::must_not_exist};
  MR_CO_TRY(const auto file, co_await world.disk.open(fresh, mode));
  FileWindow window(segment, copy_chunk_bytes);
  const uint64_t end = std::min(damaged.end, damaged.begin + quarantine_bytes_max);
  for (uint64_t at = damaged.begin; at < end;) {
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(copy_chunk_bytes, end - at));
    MR_CO_TRY(ByteView bytes, co_await window.view(at, wanted));
    if (bytes.empty()) break;
    bytes = bytes.first(std::min(bytes.size(), wanted));
    MR_CO_CHECK(co_await file->write_at(at - damaged.begin, bytes));
    at += bytes.size();
  }
  MR_CO_CHECK(co_await file->sync_data());
  MR_CO_CHECK(co_await world.disk.rename(fresh, path));
  co_return co_await world.disk.sync_directory(folder);
}

}  // namespace

io::Path quarantine_folder(const io::Path& partition_folder) {
  return partition_folder + "/quarantine";
}

io::Task<void> quarantine(io::World world, io::Path partition_folder, io::File& segment,
                          DamagedBytes damaged, telemetry::Logger* logger) {
  const io::Path folder = quarantine_folder(partition_folder);
  const io::Path path = folder + "/" + std::to_string(damaged.from.value) + "-" +
                        std::to_string(damaged.to.value - 1) + ".damaged";
  if (co_await world.disk.open(path, {})) co_return;
  const auto copied = co_await copy(world, folder, path, segment, damaged);
  if (logger == nullptr) co_return;
  if (!copied) {
    logger->error("damaged bytes of the log could not be copied",
                  {{"partition", partition_folder}, {"error", copied.error().message()}});
  }
  logger->error("a range of the log is damaged and cannot be read",
                {{"partition", partition_folder},
                 {"first_offset", damaged.from.value},
                 {"last_offset", damaged.to.value - 1},
                 {"position", damaged.begin},
                 {"bytes", damaged.end - damaged.begin},
                 {"copy", path}});
}

}  // namespace mr::log
