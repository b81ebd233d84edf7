#pragma once

#include "main/command_line.h"

namespace mr::main {

// `millrace serve`: opens the data directory, takes the public address, makes the catalog at the
// first start, starts the processes and supervises them until SIGTERM or SIGINT. Yields the exit
// code: 0 after an orderly end, 1 for a failure (printed).
int run_serve(const Command& command);

}  // namespace mr::main
