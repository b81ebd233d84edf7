#include "main/hog_flags.h"

#include <CLI/CLI.hpp>

#include "main/command_line.h"

namespace mr::main {

void add_hog_commands(CLI::App& app, Command& command) {
  CLI::App& hog = *app.add_subcommand("hog", "the language of transformations and destinations");
  hog.require_subcommand(1);
  HogRequest& request = command.hog;
  const auto add = [&](CommandName name, const char* word, const char* help) -> CLI::App& {
    CLI::App& sub = *hog.add_subcommand(word, help);
    sub.callback([&command, name] { command.name = name; });
    return sub;
  };
  CLI::App& compile = add(CommandName::hog_compile, "compile", "print the bytecode of a source");
  CLI::App& check = add(CommandName::hog_check, "check",
                        "look for errors and oddities; exit status 2 for an error");
  CLI::App& format = add(CommandName::hog_format, "fmt", "lay a source out in the usual way");
  CLI::App& disassemble =
      add(CommandName::hog_disassemble, "disassemble", "show bytecode, one instruction a line");

  CLI::App& run = add(CommandName::hog_run, "run", "run a program and print what comes of it");

  for (CLI::App* sub : {&compile, &disassemble, &run}) {
    sub->add_option("file", request.files, "the file; - for standard input")
        ->required()
        ->expected(1);
  }
  for (CLI::App* sub : {&check, &format}) {
    sub->add_option("files", request.files, "the files; - for standard input")->required();
  }
  for (CLI::App* sub : {&compile, &check, &format}) {
    sub->add_option("--as", request.form, "what the source is")
        ->check(CLI::IsMember({"program", "expression", "template", "filter"}))
        ->capture_default_str();
  }
  for (CLI::App* sub : {&disassemble, &run}) {
    sub->add_option("--as", request.form, "what the file is; bytecode is a JSON list")
        ->check(CLI::IsMember({"program", "expression", "template", "filter", "bytecode"}))
        ->capture_default_str();
  }
  run.add_option("--globals", request.globals_file, "JSON: the globals that the program may read");
  run.add_option("--replies", request.replies_file,
                 "JSON list: what fetch and sleep answer, in order; without it neither exists");
  run.add_option("--timeout", request.timeout_millis, "milliseconds of work at most")
      ->check(CLI::NonNegativeNumber);
  run.add_option("--memory", request.memory_bytes, "bytes at most")->check(CLI::NonNegativeNumber);
  run.add_option("--max-async", request.async_max, "asynchronous calls at most")
      ->check(CLI::NonNegativeNumber);
  for (CLI::App* sub : {&compile, &check, &run}) {
    sub->add_flag("--json", command.json, "print JSON, for scripts");
  }
  format.add_flag("--write", request.write, "change the files instead of printing");
  format.add_flag("--check", request.check, "only say which files would change; exit status 1");
}

}  // namespace mr::main
