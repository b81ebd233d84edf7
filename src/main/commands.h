#pragma once

#include "main/command_line.h"

// The commands that talk to a running server. Each prints its result on standard output, or what
// went wrong on standard error, and yields the exit code: 0, or 1 for a failure.
namespace mr::main {

int run_query(const Command& command);
int run_project_add(const Command& command);
int run_project_list(const Command& command);
int run_tail(const Command& command);
int run_status(const Command& command);

// Prints "millrace: <message>" on standard error and yields 1.
int report(const Error& error);

}  // namespace mr::main
