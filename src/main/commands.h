#pragma once

#include <string>
#include <string_view>

#include "main/command_line.h"

// The commands that talk to a running server. Each prints its result on standard output, or what
// went wrong on standard error, and yields the exit code: 0, or 1 for a failure.
namespace mr::main {

int run_query(const Command& command);
int run_project_add(const Command& command);
int run_project_list(const Command& command);
int run_tail(const Command& command);
int run_status(const Command& command);

// A line of tail's JSON for people: place, time, key, value; damage as what it is.
std::string readable_record(std::string_view line);

// Prints "millrace: <message>" on standard error and yields 1.
int report(const Error& error);

}  // namespace mr::main
