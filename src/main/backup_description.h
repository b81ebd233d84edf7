#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "main/file_copy.h"
#include "stream/log.h"

namespace mr::main {

// The version of the layout of backups that this program writes and the newest that it reads.
inline constexpr int backup_version = 1;
// The file that describes a backup; it is written last, so a folder without it is no backup.
inline constexpr const char* backup_description_name = "backup.json";

struct BackupFile {
  std::string path;  // relative to the backup
  FileSum sum;
};

struct BackupPartition {
  stream::TopicPartition which;
  Offset first;
  Offset end;
};

// What a backup consists of (docs/formats/backup.md).
struct BackupDescription {
  std::string program;     // the version that wrote it
  std::string created_at;  // RFC 3339
  std::vector<BackupFile> files;
  std::vector<BackupPartition> partitions;
  // Offsets that the source's log could not show any more, as texts.
  std::vector<std::string> damaged;

  uint64_t bytes() const;
};

// One line of JSON and a line with its checksum.
std::string format_backup(const BackupDescription& description);
// Errors: corrupt, unsupported (a newer version wrote it: names both). `path` is for the message.
Result<BackupDescription> parse_backup(std::string_view text, const std::string& path);

}  // namespace mr::main
