#include "main/backup.h"

#include <filesystem>

#include "codec/json_object.h"
#include "codec/json_text.h"
#include "event/timestamp.h"
#include "http/client.h"
#include "ingest/outbox_drainer.h"
#include "io/clock.h"
#include "io/worker.h"
#include "log/checkpoint_file.h"
#include "log/partition.h"
#include "log/verify.h"
#include "main/loaded_topics.h"
#include "main/log_command.h"
#include "main/version.h"
#include "sqlite/sqlite.h"

namespace mr::main {

namespace {

namespace fs = std::filesystem;

constexpr Millis freeze_wait{300'000};

// One backup at work.
class Backup {
 public:
  Backup(io::World world, DataDirectory directory, std::string target, BackupProgress& progress)
      : world_(world),
        directory_(std::move(directory)),
        target_(std::move(target)),
        progress_(progress) {}

  io::Task<Result<MadeBackup>> run();

 private:
  Result<void> check_places() const;
  io::Task<Result<uint64_t>> log_bytes();
  io::Task<Result<void>> hold_log();
  io::Task<Result<void>> release_log();
  io::Task<Result<void>> copy_all();
  io::Task<Result<void>> freeze();
  io::Task<Result<void>> copy_store();
  io::Task<Result<void>> copy_database(io::Path from, io::Path to);
  io::Task<Result<void>> check_state();
  io::Task<Result<Offset>> committed_end(std::string topic);
  io::Task<Result<void>> copy_log();
  io::Task<Result<void>> copy_if_present(io::Path from, io::Path to);
  io::Task<Result<void>> describe();

  io::World world_;
  DataDirectory directory_;
  std::string target_;
  BackupProgress& progress_;
  std::unique_ptr<io::DiskLock> stopped_;  // held while no server runs
  std::vector<stream::TopicPartition> partitions_;
  MadeBackup made_;
};

Result<void> Backup::check_places() const {
  if (!fs::exists(directory_.version_file())) {
    return fail(ErrorCode::not_found,
                directory_.path() + " is no data directory of Millrace (name it with --data)");
  }
  if ((target_ + "/").starts_with(directory_.path() + "/")) {
    return fail(ErrorCode::invalid_input, "the backup must lie outside of the data directory");
  }
  std::error_code error;
  if (fs::exists(target_) && !fs::is_empty(target_, error)) {
    return fail(ErrorCode::already_exists, target_ + " is not empty");
  }
  return {};
}

io::Task<Result<MadeBackup>> Backup::run() {
  MR_CO_CHECK(check_places());
  auto alone = co_await world_.disk.lock(directory_.backup_lock());
  if (!alone && alone.error().code() == ErrorCode::busy) {
    co_return fail(ErrorCode::busy, "another backup of " + directory_.path() + " is being made");
  }
  if (!alone) co_return fail(alone.error());
  auto lock = co_await world_.disk.lock(directory_.lock_file());
  if (lock) {
    stopped_ = std::move(*lock);
  } else if (lock.error().code() != ErrorCode::busy) {
    co_return fail(lock.error());
  }
  MR_CO_CHECK(co_await world_.disk.make_folders(target_));
  MR_CO_TRY(partitions_, co_await log::list_partitions(world_, directory_.log()));
  MR_CO_TRY(const std::string engine, co_await noted_engine(world_.disk, directory_));
  made_.on_kafka = engine == "kafka";
  made_.description.program = program_version;
  made_.description.created_at = event::format_rfc3339(world_.clock.wall());
  const auto copied = co_await copy_all();
  const auto released = co_await release_log();
  fs::remove_all(directory_.backup_staging());
  if (!copied) co_return fail(copied.error());
  MR_CO_CHECK(released);
  co_return std::move(made_);
}

io::Task<Result<void>> Backup::copy_all() {
  // Before anything large is copied.
  MR_CO_CHECK(co_await log_bytes());
  MR_CO_CHECK(co_await hold_log());
  MR_CO_CHECK(co_await freeze());
  MR_CO_CHECK(co_await copy_store());
  MR_CO_CHECK(co_await copy_database(directory_.state(), target_ + "/state.db"));
  MR_CO_CHECK(co_await copy_database(directory_.catalog(), target_ + "/catalog.db"));
  MR_CO_CHECK(
      co_await copy_if_present(directory_.catalog_snapshot(), target_ + "/catalog.snapshot"));
  MR_CO_CHECK(co_await copy_if_present(directory_.usage(), target_ + "/usage"));
  if (fs::exists(directory_.spool())) {
    MR_CO_CHECK(co_await copy_tree(world_, directory_.spool(), target_ + "/spool", nullptr));
  }
  if (!made_.on_kafka) MR_CO_CHECK(co_await check_state());
  MR_CO_CHECK(co_await copy_log());
  MR_CO_CHECK(co_await copy_if_present(directory_.version_file(), target_ + "/VERSION"));
  MR_CO_CHECK(co_await copy_if_present(directory_.engine_file(), target_ + "/ENGINE"));
  co_return co_await describe();
}

// How much of the log there is to copy. Fails for a partition that cannot be copied: a backup is
// of everything or of nothing.
io::Task<Result<uint64_t>> Backup::log_bytes() {
  uint64_t sum = 0;
  for (const auto& which : partitions_) {
    const io::Path folder = log::partition_folder(directory_.log(), which);
    const auto bytes = co_await log::bytes_to_verify(world_, folder);
    if (!bytes && bytes.error().code() == ErrorCode::not_found) continue;  // not written yet
    if (!bytes) {
      co_return fail(bytes.error().within("the log's partition " + place_of(which) +
                                          " cannot be copied (look at it with `millrace log "
                                          "verify`), so no backup is made"));
    }
    sum += *bytes;
  }
  co_return sum;
}

io::Task<Result<void>> Backup::hold_log() {
  for (const auto& which : partitions_) {
    MR_CO_CHECK(
        co_await log::hold_for_copy(world_, log::partition_folder(directory_.log(), which)));
  }
  co_return Result<void>{};
}

io::Task<Result<void>> Backup::release_log() {
  for (const auto& which : partitions_) {
    MR_CO_CHECK(
        co_await log::drop_copy_note(world_, log::partition_folder(directory_.log(), which)));
  }
  co_return Result<void>{};
}

// Where the store runs it makes the copy of its files itself, between two inserts.
io::Task<Result<void>> Backup::freeze() {
  fs::remove_all(directory_.backup_staging());
  if (stopped_) co_return Result<void>{};
  json::Object body;
  body.set_text("folder", directory_.backup_staging());
  auto answer = co_await http::fetch(world_.network, {directory_.process_socket("store")},
                                     {"POST", "/freeze", "", body.to_json()},
                                     world_.clock.now() + freeze_wait);
  if (!answer) co_return fail(answer.error().within("asking the store process to stand still"));
  const auto object = json::Object::parse(answer->body);
  if (answer->status != 200 || !object) {
    co_return fail(ErrorCode::failed, "the store process did not stand still: " + answer->body);
  }
  const auto paused = object->find("paused_ms");
  made_.paused_ms = paused ? json::as_int64(*paused).value_or(0) : 0;
  co_return Result<void>{};
}

io::Task<Result<void>> Backup::copy_store() {
  const io::Path store = stopped_ ? directory_.warehouse() : directory_.backup_staging() + "/store";
  const io::Path load = stopped_ ? directory_.load() : directory_.backup_staging() + "/load";
  progress_.begin("warehouse", bytes_below(store));
  MR_CO_CHECK(co_await copy_tree(world_, store, target_ + "/store", &progress_));
  co_return co_await copy_tree(world_, load, target_ + "/load", nullptr);
}

// SQLite reads a consistent state beside its writer and writes it without the free pages.
io::Task<Result<void>> Backup::copy_database(io::Path from, io::Path to) {
  if (!fs::exists(from)) co_return Result<void>{};
  std::error_code error;
  progress_.begin(from.substr(from.rfind('/') + 1), fs::file_size(from, error));
  {
    // SQLite would let everybody read it; it takes an empty file for a new one.
    const io::OpenMode made{io::Access::read_write, io::Creation::must_not_exist};
    MR_CO_CHECK(co_await world_.disk.open(to, made));
  }
  MR_CO_CHECK(co_await world_.worker.run([from, to]() -> Result<void> {
    MR_TRY(auto database, sqlite::Database::open(from));
    MR_TRY(auto copy, database.prepare("VACUUM INTO ?1"));
    copy.bind(1, std::string_view(to));
    return copy.run();
  }));
  MR_CO_TRY(const auto file, co_await world_.disk.open(to, {}));
  co_return co_await file->sync_data();
}

// A state that was lost or replaced does not fit what was loaded: a server with it would not
// ingest, and a backup of it could take the place of a good one.
io::Task<Result<void>> Backup::check_state() {
  for (const LoadedTopic& loaded : loaded_topics) {
    log::CheckpointFiles positions(world_, target_ + "/load");
    MR_CO_TRY(const auto at, co_await positions.load(position_name(loaded)));
    const Offset passed = at ? at->next : Offset(0);
    MR_CO_TRY(const Offset committed, co_await committed_end(loaded.topic));
    if (passed <= committed) continue;
    co_return fail(ErrorCode::corrupt,
                   "state.db says that " + std::to_string(committed.value) + " rows of " +
                       loaded.topic + " were committed, and " + std::to_string(passed.value) +
                       " were loaded: it was lost or is an older one, so no backup is made; put "
                       "state.db and log back from the same backup");
  }
  co_return Result<void>{};
}

// How far the state has committed what it wrote to a topic.
io::Task<Result<Offset>> Backup::committed_end(std::string topic) {
  const io::Path path = directory_.state();
  if (!fs::exists(path)) co_return Offset(0);
  co_return co_await world_.worker.run([path, topic]() -> Result<Offset> {
    MR_TRY(auto database, sqlite::Database::open(path));
    MR_TRY(auto select, database.prepare("SELECT next_offset FROM positions WHERE name = ?1"));
    const std::string name = ingest::position_name(topic);
    select.bind(1, std::string_view(name));
    MR_TRY(const bool found, select.step());
    return Offset(found ? select.integer(0) : 0);
  });
}

io::Task<Result<void>> Backup::copy_log() {
  MR_CO_TRY(const uint64_t bytes, co_await log_bytes());
  progress_.begin("log", bytes);
  for (const auto& which : partitions_) {
    const auto copied =
        co_await log::copy_partition(world_, log::partition_folder(directory_.log(), which),
                                     log::partition_folder(target_ + "/log", which), &progress_);
    if (!copied && copied.error().code() == ErrorCode::not_found) continue;  // not written yet
    if (!copied) co_return fail(copied.error().within("copying " + place_of(which)));
    made_.description.partitions.push_back({which, copied->first, copied->end});
    for (const stream::DamagedRange& range : copied->damaged) {
      made_.description.damaged.push_back("offsets " + std::to_string(range.from.value) + " to " +
                                          std::to_string(range.to.value - 1) + ", " + range.reason);
    }
  }
  co_return Result<void>{};
}

io::Task<Result<void>> Backup::copy_if_present(io::Path from, io::Path to) {
  const auto copied = co_await copy_file(world_, from, to, nullptr);
  if (copied || copied.error().code() == ErrorCode::not_found) co_return Result<void>{};
  co_return fail(copied.error());
}

// Reads back what was written: the sums are those of what really lies there.
io::Task<Result<void>> Backup::describe() {
  MR_CO_TRY(const auto files, files_below(target_));
  progress_.begin("checking", bytes_below(target_));
  for (const std::string& file : files) {
    MR_CO_TRY(const FileSum sum, co_await sum_file(world_, target_ + "/" + file));
    progress_.advanced(sum.bytes);
    made_.description.files.push_back({file, sum});
  }
  MR_CO_CHECK(co_await sync_folders(world_, target_));
  const std::string text = format_backup(made_.description);
  co_return co_await io::replace_file(world_.disk, target_ + "/" + backup_description_name,
                                      Bytes(text.begin(), text.end()));
}

}  // namespace

io::Task<Result<void>> forget_old_backup(io::World world, DataDirectory directory) {
  const auto alone = co_await world.disk.lock(directory.backup_lock());
  if (!alone) co_return Result<void>{};  // one is being made
  std::error_code error;
  fs::remove_all(directory.backup_staging(), error);
  MR_CO_TRY(const auto partitions, co_await log::list_partitions(world, directory.log()));
  for (const stream::TopicPartition& which : partitions) {
    MR_CO_CHECK(co_await log::drop_copy_note(world, log::partition_folder(directory.log(), which)));
  }
  co_return Result<void>{};
}

io::Task<Result<MadeBackup>> make_backup(io::World world, DataDirectory directory,
                                         std::string target, BackupProgress& progress) {
  Backup backup(world, std::move(directory), std::move(target), progress);
  co_return co_await backup.run();
}

}  // namespace mr::main
