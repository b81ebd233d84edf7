#pragma once

#include "main/command_line.h"

// `millrace hog …`. Each prints its result, or what went wrong, and yields the exit code: 0, 1 when
// a file cannot be read or `fmt --check` finds something, 2 for a source that does not compile.
namespace mr::main {

// Whichever of them the command names.
int run_hog(const Command& command);

int run_hog_compile(const Command& command);
int run_hog_check(const Command& command);
int run_hog_format(const Command& command);
int run_hog_disassemble(const Command& command);
// 1 also for a program that fails.
int run_hog_run(const Command& command);

}  // namespace mr::main
