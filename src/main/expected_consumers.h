#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/disk.h"
#include "io/world.h"

namespace mr::main {

// Makes the notes of the consumers that `roles` will run, where there are none yet: at offset 0, so
// that retention removes nothing before they have begun, however long their processes need to
// start. Called before any process runs, for the embedded log. `captured` is the number of
// partitions of that topic, `archive` whether they are archived. A full disk is no error: the
// consumers register when they begin. Errors: io_failed.
io::Task<Result<void>> expect_consumers(io::World world, io::Path log_folder,
                                        std::vector<std::string> roles, int32_t captured,
                                        bool archive);

// The consumers that a server with all roles has for a topic, archives left out.
std::vector<std::string> consumers_of(const std::string& topic);

}  // namespace mr::main
