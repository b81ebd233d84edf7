#pragma once

#include "main/command_line.h"

// `millrace quota …` and `millrace restriction …`: the rules for what projects send. Each prints
// its result, or what went wrong, and yields the exit code.
namespace mr::main {

int run_quota_list(const Command& command);
int run_quota_set(const Command& command);
int run_quota_remove(const Command& command);
int run_restriction_list(const Command& command);
int run_restriction_add(const Command& command);
int run_restriction_remove(const Command& command);

}  // namespace mr::main
