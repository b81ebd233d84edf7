#pragma once

#include <string>
#include <vector>

#include "io/worker.h"
#include "io/world.h"
#include "main/data_directory.h"

namespace mr::main {

struct ExpectedConsumers {
  std::vector<std::string> roles;  // that will run
  int32_t captured = 1;            // partitions of that topic
  io::Path archive;                // the archive's folder; empty: none
};

// Makes the notes of the embedded log's consumers true before any process runs, where they are
// missing, damaged or behind:
//  - consumers that the roles will run get one, at offset 0 if need be, so that retention removes
//    nothing before they have begun, however long their processes need to start;
//  - what a consumer's own state says it has passed (state.db, load/, the archive) is noted, so
//    that a log whose files were lost goes on above that instead of giving the offsets again.
// A full disk is no error: the consumers register when they begin. Nor is state that cannot be
// read, which says nothing then: its own process tells. `worker` runs what may block. Errors:
// unsupported (state of a newer version), io_failed.
io::Task<Result<void>> expect_consumers(io::World world, io::Worker& worker,
                                        DataDirectory directory, ExpectedConsumers expected);

// The consumers that a server with all roles has for a topic, archives left out.
std::vector<std::string> consumers_of(const std::string& topic);

}  // namespace mr::main
