#pragma once

#include "main/command_line.h"

namespace mr::main {

// `millrace ingest try FILE`: what the rules of ingest would make of a file of events, over scratch
// state. Exit codes as in commands.h; 1 also for a line that is no JSON object.
int run_ingest_try(const Command& command);

}  // namespace mr::main
