#pragma once

#include <string>
#include <vector>

#include "io/fwd.h"
#include "io/network.h"
#include "io/task.h"
#include "state/state_store.h"
#include "stream/log.h"

namespace mr::serve {

// Where the facts of a status lie. Everything outlives the report.
struct StatusSources {
  io::World& world;
  io::Worker& files;  // for measuring folders
  stream::Log& log;
  stream::Checkpoints& load_positions;
  state::StateStore& state;

  std::string version;
  std::string data_path;
  std::string processes_file;
  std::string log_folder;
  std::string warehouse_folder;
  std::vector<std::string> state_files;
  // Each process's own socket, by name.
  std::vector<std::pair<std::string, io::Address>> processes;
};

// What `millrace status` shows, as JSON:
//   version, data, processes[{name,pid,state,restarts,resident_bytes}], accepted, ingested, stored,
//   lag{ingest,load}, fates{…}, recordings{accepted,ingested,fates{…}}, refused{…},
//   refused_of_projects[{project,reason,count}],
//   topics[{topic,partition,first_offset,last_offset,next_offset}], log_error (only when the log
//   does not answer; accepted and lag are null then),
//   disk{log_bytes,warehouse_bytes,state_bytes,free_bytes}
// Read from what is on disk, so it holds while processes are down; what only a process knows
// (refusals since its start, memory) is left out while that process does not answer.
io::Task<Result<std::string>> status_report(StatusSources sources);

}  // namespace mr::serve
