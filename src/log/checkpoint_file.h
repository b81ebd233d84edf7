#pragma once

#include <string>
#include <vector>

#include "io/disk.h"
#include "io/world.h"
#include "stream/stream.h"

namespace mr::log {

// Positions of consumers, one file for each name in one folder, replaced whole and synced at each
// save (docs/formats/log.md, "checkpoints").
class CheckpointFiles final : public stream::Checkpoints {
 public:
  CheckpointFiles(io::World world, io::Path folder) : world_(world), folder_(std::move(folder)) {}

  // Errors: invalid_input (a name that is not letters, digits, '.', '-', '_'), corrupt,
  // unsupported.
  io::Task<Result<std::optional<stream::Checkpoint>>> load(std::string name) override;
  io::Task<Result<void>> save(std::string name, stream::Checkpoint checkpoint) override;

  // The names that are saved, sorted; none when the folder is missing.
  io::Task<Result<std::vector<std::string>>> names();
  // Forgets a name; a missing one is fine.
  io::Task<Result<void>> remove(std::string name);

 private:
  Result<io::Path> path_of(const std::string& name) const;

  io::World world_;
  io::Path folder_;
};

// The file of a name that is valid: "<folder>/<name>.checkpoint".
io::Path checkpoint_path(const io::Path& folder, const std::string& name);

Bytes encode_checkpoint(const stream::Checkpoint& checkpoint);
Result<stream::Checkpoint> decode_checkpoint(ByteView bytes, const std::string& path);

}  // namespace mr::log
