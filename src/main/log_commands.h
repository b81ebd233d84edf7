#pragma once

#include "main/command_line.h"

// `millrace log …`: looks at the log of a data directory by its files, beside a running server or
// without one. Each prints its result on standard output, or what went wrong on standard error, and
// yields the exit code: 0, or 1 for a failure and for damage that verify found.
namespace mr::main {

int run_log_list(const Command& command);
int run_log_describe(const Command& command);
int run_log_dump(const Command& command);
int run_log_verify(const Command& command);
int run_log_truncate_before(const Command& command);
int run_log_bench(const Command& command);

}  // namespace mr::main
