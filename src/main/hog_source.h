#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "hog/compiler.h"
#include "main/command_line.h"

// What the commands of `millrace hog` share: reading a source and reporting that it does not
// compile.
namespace mr::main {

hog::SourceForm form_of(const HogRequest& request);

// The file's contents; of standard input for "-".
Result<std::string> read_source(const std::string& path);

void print(std::FILE* to, const std::string& text);

// One error or warning as a JSON object.
std::string json_of(std::string_view source, const std::string& kind, const std::string& message,
                    hog::Span span, const std::string& hint);
std::string json_of(std::string_view source, const hog::CompileError& error);

// Prints why a source does not compile and yields the exit code 2.
int report_compile_error(const Command& command, std::string_view source, const std::string& path,
                         const hog::CompileError& error);

inline constexpr int compile_error_exit_code = 2;

}  // namespace mr::main
