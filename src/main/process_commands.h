#pragma once

#include "main/command_line.h"

namespace mr::main {

// `millrace process NAME`: one child of `millrace serve`, until SIGTERM. Yields the exit code.
int run_process(const Command& command);

}  // namespace mr::main
