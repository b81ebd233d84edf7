#include "main/backup_commands.h"

#include <cstdio>
#include <filesystem>

#include "codec/json_object.h"
#include "io/real_world.h"
#include "main/backup.h"
#include "main/commands.h"
#include "main/log_command.h"
#include "main/progress_bar.h"
#include "main/restore.h"
#include "main/text_table.h"

namespace mr::main {

namespace {

// Moves a bar.
class BarProgress final : public BackupProgress {
 public:
  void begin(std::string what, uint64_t bytes) override { bar_.emplace(std::move(what), bytes); }
  void advanced(uint64_t bytes) override {
    if (bar_) bar_->advanced(bytes);
  }
  void end() { bar_.reset(); }

 private:
  std::optional<ProgressBar> bar_;
};

std::string absolute(const std::string& path) {
  std::string whole = std::filesystem::absolute(path).lexically_normal().string();
  while (whole.size() > 1 && whole.back() == '/') whole.pop_back();
  return whole;
}

void print_partitions(const BackupDescription& backup) {
  TextTable table({"partition", "first offset", "last offset", "records"});
  for (const BackupPartition& one : backup.partitions) {
    table.add({one.which.topic + "/" + std::to_string(one.which.partition),
               grouped(one.first.value), last_offset_text(one.first, one.end),
               grouped(one.end - one.first)});
  }
  std::fputs(table.render().c_str(), stdout);
}

std::string summary_json(const BackupDescription& backup, int64_t paused_ms) {
  json::Object object;
  object.set("files", std::to_string(backup.files.size()));
  object.set("bytes", std::to_string(backup.bytes()));
  object.set_text("created_at", backup.created_at);
  object.set("loading_paused_ms", std::to_string(paused_ms));
  object.set("damaged", std::to_string(backup.damaged.size()));
  return object.to_json() + "\n";
}

}  // namespace

int run_backup(const Command& command) {
  io::RealWorld real;
  BarProgress progress;
  const auto made = real.result_of(make_backup(real.world(), DataDirectory(command.server.data),
                                               absolute(command.backup_folder), progress));
  progress.end();
  if (!made) return report(made.error());
  for (const std::string& damage : made->description.damaged) {
    std::fprintf(stderr, "millrace: warning: damaged in the log and so in the backup: %s\n",
                 damage.c_str());
  }
  if (made->on_kafka) {
    std::fputs(kafka_note("it is not part of the backup, its spool is. After a restore the server "
                          "goes on from the positions in the backup: see that the brokers keep "
                          "what came after them")
                   .c_str(),
               stderr);
  }
  if (command.json) {
    std::fputs(summary_json(made->description, made->paused_ms).c_str(), stdout);
    return 0;
  }
  print_partitions(made->description);
  std::printf("\n%s files, %s in %s; loading stood still for %lld ms\n",
              grouped(static_cast<long long>(made->description.files.size())).c_str(),
              readable_bytes(made->description.bytes()).c_str(),
              absolute(command.backup_folder).c_str(), static_cast<long long>(made->paused_ms));
  return 0;
}

int run_restore(const Command& command) {
  io::RealWorld real;
  BarProgress progress;
  const DataDirectory directory(command.server.data);
  const auto restored = real.result_of(
      restore_backup(real.world(), absolute(command.backup_folder), directory, progress));
  progress.end();
  if (!restored) return report(restored.error());
  if (command.json) {
    std::fputs(summary_json(*restored, 0).c_str(), stdout);
    return 0;
  }
  print_partitions(*restored);
  std::printf("\n%s restored as of %s; start it with: millrace serve --data %s\n",
              directory.path().c_str(), restored->created_at.c_str(), directory.path().c_str());
  return 0;
}

}  // namespace mr::main
