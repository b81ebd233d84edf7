#pragma once

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>

#include "io/real_world.h"

// For tests only: the real machine in small pieces.
namespace mr::io {

// A fresh folder that is removed with its contents.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path().string() + "/millrace-test-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  // The path of `name` inside the folder.
  Path at(const std::string& name) const { return path_ + "/" + name; }

 private:
  Path path_;
};

// Runs a task in a real world and yields what it yields.
template <typename T>
T run_in(RealWorld& world, Task<T> task) {
  return world.result_of(std::move(task));
}

}  // namespace mr::io
