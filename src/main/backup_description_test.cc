#include "main/backup_description.h"

#include <gtest/gtest.h>

namespace mr::main {
namespace {

BackupDescription example() {
  return {.program = "0.1.0",
          .created_at = "2026-11-23T00:00:00Z",
          .files = {{"log/a/0/x.log", {123, 0xDEADBEEF}}, {"VERSION", {16, 7}}},
          .partitions = {{{"a", 0}, Offset(3), Offset(9)}},
          .damaged = {"offsets 4 to 5"}};
}

TEST(BackupDescription, ComesBackAsItWasWritten) {
  const auto read = parse_backup(format_backup(example()), "backup.json");
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->files.size(), 2u);
  EXPECT_EQ(read->files[0].path, "log/a/0/x.log");
  EXPECT_EQ(read->files[0].sum.crc32c, 0xDEADBEEF);
  EXPECT_EQ(read->bytes(), 139u);
  ASSERT_EQ(read->partitions.size(), 1u);
  EXPECT_EQ(read->partitions[0].end, Offset(9));
}

TEST(BackupDescription, EveryFlippedByteAndEveryCutIsNoticed) {
  const std::string text = format_backup(example());
  for (size_t i = 0; i < text.size() - 1; ++i) {  // the last line feed may go
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(parse_backup(damaged, "backup.json")) << i;
    EXPECT_FALSE(parse_backup(text.substr(0, i), "backup.json")) << i;
  }
}

TEST(BackupDescription, APathThatLeavesTheBackupIsRefused) {
  for (const char* path : {"/etc/passwd", "../outside", "log/../../x"}) {
    BackupDescription description = example();
    description.files[0].path = path;
    EXPECT_FALSE(parse_backup(format_backup(description), "backup.json")) << path;
  }
}

}  // namespace
}  // namespace mr::main
