#include "store/freeze.h"

#include <filesystem>

namespace mr::store {

namespace {

namespace fs = std::filesystem;

// Of folders that hold what is only of the running engine.
bool is_transient(const fs::path& name) {
  return name == "tmp" || name == "status" || name == "uuid" || name.string().starts_with("tmp_");
}

Result<void> link_tree(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    const fs::path target = to / entry.path().filename();
    if (entry.is_directory()) {
      MR_CHECK(link_tree(entry.path(), target));
    } else {
      fs::create_hard_link(entry.path(), target);
    }
  }
  return {};
}

Result<void> freeze_folder(const FreezeSource& source, const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  const bool holds_parts = source.table_folders.contains(from.string());
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    const fs::path target = to / entry.path().filename();
    if (entry.is_symlink()) {
      fs::copy_symlink(entry.path(), target);
    } else if (entry.is_directory()) {
      if (is_transient(entry.path().filename())) continue;
      if (!holds_parts) {
        MR_CHECK(freeze_folder(source, entry.path(), target));
      } else if (source.active_parts.contains(entry.path().string())) {
        MR_CHECK(link_tree(entry.path(), target));
      }
    } else if (entry.is_regular_file() && !is_transient(entry.path().filename())) {
      fs::copy_file(entry.path(), target);
    }
  }
  return {};
}

}  // namespace

Result<void> freeze_store(const FreezeSource& source, const std::string& target) {
  try {
    return freeze_folder(source, source.folder, target);
  } catch (const fs::filesystem_error& error) {
    return fail(ErrorCode::io_failed, std::string("copying the store: ") + error.what());
  }
}

}  // namespace mr::store
