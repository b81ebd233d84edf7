#pragma once

#include "io/world.h"
#include "main/data_directory.h"
#include "telemetry/log_line.h"

namespace mr::main {

// Before the store process runs: makes the positions in load/ fit the warehouse where one of the
// two was lost.
//  - The warehouse is gone: the positions are forgotten, and the tables are loaded again from what
//    the log still holds.
//  - Positions are gone: those of the consumers' notes in the embedded log are taken, which lag by
//    about a second; without them every row would be stored twice.
// What was found is logged. Errors: io_failed, no_space.
io::Task<Result<void>> repair_load_positions(io::World world, DataDirectory directory,
                                             telemetry::Logger& log);

}  // namespace mr::main
