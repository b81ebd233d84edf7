#pragma once

#include "main/command_line.h"

// `millrace replay …`: recorded sessions of a running server. Exit codes as in commands.h.
namespace mr::main {

int run_replay_list(const Command& command);
int run_replay_show(const Command& command);
// The snapshots, one JSON array a line; what the log no longer holds is told on standard error and
// makes the exit code 1.
int run_replay_export(const Command& command);

}  // namespace mr::main
