#pragma once

#include "main/command_line.h"

namespace mr::main {

// `millrace backup` and `millrace restore`. Each prints its result on standard output, or what went
// wrong on standard error, and yields the exit code: 0, or 1 for a failure.
int run_backup(const Command& command);
int run_restore(const Command& command);

}  // namespace mr::main
