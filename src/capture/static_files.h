#pragma once

#include <string>
#include <string_view>

#include "http/response.h"
#include "io/disk.h"

namespace mr::capture {

// The scripts that browser libraries load beside themselves (the recorder of sessions, say), from a
// folder that the operator names: /static/NAME.js, and /static/VERSION/NAME.js, which also finds
// NAME.js where the folder has none of that version. Only scripts, and nothing outside of the
// folder. Belongs to one loop.
class StaticFiles {
 public:
  // An empty folder: there are none. `disk` outlives this.
  StaticFiles(io::Disk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}

  // Whether the path is one of these, whether there is such a file or not.
  static bool is_path(std::string_view path);

  // 200 with the script, 304 when the client has it, 404 when there is none.
  io::Task<http::Response> answer(http::Request request) const;

 private:
  io::Task<Result<Bytes>> read(std::string version, std::string name) const;

  io::Disk& disk_;
  std::string folder_;
};

}  // namespace mr::capture
