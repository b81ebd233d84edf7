#include "main/hog_commands.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "codec/json_object.h"
#include "hog/compiler.h"
#include "hog/disassembler.h"
#include "hog/formatter.h"
#include "hog/library.h"
#include "main/commands.h"
#include "main/hog_source.h"

namespace mr::main {
namespace {

std::string warnings_text(std::string_view source, const std::string& path,
                          const hog::Compilation& compiled) {
  std::string text;
  for (const hog::CompileWarning& warning : compiled.warnings) {
    text += hog::render(source, path, warning);
  }
  return text;
}

// What programs may call: the library, and what is given to transformations and destinations.
hog::CompileOptions known_functions() {
  hog::CompileOptions options;
  options.functions = {"import",
                       "fetch",
                       "sleep",
                       "postHogCapture",
                       "capture",
                       "geoipLookup",
                       "cleanNullValues",
                       "isKnownBotUserAgent",
                       "isKnownBotIp",
                       "print",
                       "and",
                       "or",
                       "not",
                       "in"};
  for (const auto functions :
       {hog::text_functions(), hog::regex_functions(), hog::encoding_functions(),
        hog::logic_functions(), hog::array_functions(), hog::object_functions(),
        hog::json_functions(), hog::date_functions(), hog::date_form_functions(),
        hog::hash_functions()}) {
    for (const hog::LibraryFunction& function : functions) {
      options.functions.push_back(function.name);
    }
  }
  for (const hog::LibraryProgram& program : hog::library_programs()) {
    options.functions.push_back(program.name);
  }
  return options;
}

// One file of `check`, as JSON: {"file":…,"error":…,"warnings":[…]}.
std::string check_json(std::string_view source, const std::string& path,
                       const hog::Compiled<hog::Compilation>& compiled) {
  json::Object object;
  object.set_text("file", path);
  object.set("error", compiled ? "null" : json_of(source, compiled.error()));
  std::string warnings = "[";
  for (const hog::CompileWarning& warning :
       compiled ? compiled->warnings : std::vector<hog::CompileWarning>{}) {
    if (warnings.size() > 1) warnings += ",";
    warnings += json_of(source, "warning", warning.message, warning.span, warning.hint);
  }
  object.set("warnings", warnings + "]");
  return object.to_json();
}

// One file of `fmt`.
int format_file(const Command& command, const std::string& path, const std::string& source) {
  const auto formatted = hog::format(source, form_of(command.hog));
  if (!formatted) return report_compile_error(command, source, path, formatted.error());
  if (command.hog.check) {
    if (*formatted == source) return 0;
    print(stdout, path + "\n");
    return 1;
  }
  if (!command.hog.write || path == "-") {
    print(stdout, *formatted);
    return 0;
  }
  if (*formatted == source) return 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << *formatted << std::flush;
  return file ? 0 : report(error_from_errno(errno, "write", path));
}

}  // namespace

int run_hog_compile(const Command& command) {
  const std::string& path = command.hog.files.front();
  const auto source = read_source(path);
  if (!source) return report(source.error());
  const auto compiled = hog::compile(*source, form_of(command.hog));
  if (!compiled) return report_compile_error(command, *source, path, compiled.error());
  if (!command.json) print(stderr, warnings_text(*source, path, *compiled));
  print(stdout, hog::write_program(compiled->program) + "\n");
  return 0;
}

int run_hog_check(const Command& command) {
  int exit_code = 0;
  const hog::CompileOptions options = known_functions();
  std::string json = "[";
  for (const std::string& path : command.hog.files) {
    const auto source = read_source(path);
    if (!source) return report(source.error());
    const auto compiled = hog::compile(*source, form_of(command.hog), options);
    if (!compiled) exit_code = compile_error_exit_code;
    if (command.json) {
      json += (json.size() > 1 ? "," : "") + check_json(*source, path, compiled);
    } else {
      print(stdout, compiled ? warnings_text(*source, path, *compiled)
                             : hog::render(*source, path, compiled.error()));
    }
  }
  if (command.json) print(stdout, json + "]\n");
  return exit_code;
}

int run_hog_format(const Command& command) {
  int exit_code = 0;
  for (const std::string& path : command.hog.files) {
    const auto source = read_source(path);
    if (!source) return report(source.error());
    exit_code = std::max(exit_code, format_file(command, path, *source));
  }
  return exit_code;
}

int run_hog_disassemble(const Command& command) {
  const std::string& path = command.hog.files.front();
  const auto text = read_source(path);
  if (!text) return report(text.error());
  if (command.hog.form == "bytecode") {
    const auto program = hog::read_program(*text);
    if (!program) return report(program.error());
    print(stdout, hog::disassemble(*program));
    return 0;
  }
  const auto compiled = hog::compile(*text, form_of(command.hog));
  if (!compiled) return report_compile_error(command, *text, path, compiled.error());
  print(stdout, hog::disassemble(compiled->program));
  return 0;
}

int run_hog(const Command& command) {
  switch (command.name) {
    case CommandName::hog_compile:
      return run_hog_compile(command);
    case CommandName::hog_check:
      return run_hog_check(command);
    case CommandName::hog_format:
      return run_hog_format(command);
    case CommandName::hog_disassemble:
      return run_hog_disassemble(command);
    default:
      return run_hog_run(command);
  }
}

}  // namespace mr::main
