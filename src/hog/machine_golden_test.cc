#include <gtest/gtest.h>

#include <filesystem>

#include "codec/json_text.h"
#include "hog/compiler.h"
#include "hog/json_value.h"
#include "hog/machine.h"
#include "hog/test_support.h"

// Runs the cases of tests/golden/hog_run; tests/golden/README.md describes their lines.
namespace mr::hog {
namespace {

struct RunCase {
  std::string name;
  std::string globals;
  std::string source;
  std::string bytecode;
  std::vector<std::string> prints;
  std::string result;
  std::string error;
};

void add_line(RunCase& test, std::string_view key, std::string_view value) {
  if (key == "globals")
    test.globals = value;
  else if (key == "source")
    test.source += (test.source.empty() ? "" : "\n") + std::string(value);
  else if (key == "bytecode")
    test.bytecode = value;
  else if (key == "print")
    test.prints.push_back(json::unquote(value).value_or(""));
  else if (key == "result")
    test.result = value;
  else if (key == "error")
    test.error = value;
  else
    ADD_FAILURE() << "unknown key " << key;
}

std::vector<RunCase> read_cases(const std::filesystem::path& path) {
  std::vector<RunCase> cases;
  RunCase common;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    const size_t colon = line.find(':');
    const std::string key = line.substr(0, colon);
    const std::string value = line.size() > colon + 2 ? line.substr(colon + 2) : "";
    if (key == "case") {
      cases.push_back(common);
      cases.back().name = value;
    } else {
      add_line(cases.empty() ? common : cases.back(), key, value);
    }
  }
  return cases;
}

Program program_of(const RunCase& test) {
  if (!test.bytecode.empty()) return read_program(test.bytecode).value();
  auto compiled = compile(test.source, SourceForm::program);
  EXPECT_TRUE(compiled);
  return compiled ? compiled->program : Program();
}

std::string report(Machine& machine, const Value& value) {
  TextBuilder out(machine.context().heap);
  EXPECT_TRUE(append_json(out, machine.context(), value, JsonForm::report));
  return std::string(out.view());
}

std::string failure_text(const Failure& failure) {
  return failure.name + (failure.type.empty() ? "" : " " + failure.type) + ": " + failure.message;
}

// Every suspension goes through the state's JSON, into the same machine emptied.
Outcome run_to_the_end(Machine& machine, const Code& code, const Value& globals) {
  Outcome outcome = machine.run(code, globals);
  while (outcome.end == End::suspended) {
    const Value reply = outcome.async_arguments.empty() ? Value() : outcome.async_arguments.front();
    const std::string reply_json = report(machine, reply);
    const auto state = machine.save_state();
    EXPECT_TRUE(state) << state.error().message();
    outcome = Outcome();
    const auto loaded = machine.load_state(*state, globals);
    EXPECT_TRUE(loaded) << loaded.error().message() << "\n" << *state;
    if (!loaded) break;
    outcome = machine.resume(read_json(machine.context(), reply_json).value());
  }
  return outcome;
}

void run_case(const RunCase& test) {
  SCOPED_TRACE(test.name);
  TestHost host;
  host.async = {"fetch", "sleep"};
  const Code code(program_of(test));
  Heap heap(Limits().memory_bytes_max);
  Machine machine(heap, host, Limits());
  const auto globals = read_json(machine.context(), test.globals);
  ASSERT_TRUE(globals);
  const Outcome outcome = run_to_the_end(machine, code, *globals);
  EXPECT_EQ(host.lines, test.prints);
  if (outcome.failure) {
    EXPECT_EQ(failure_text(*outcome.failure), test.error);
  } else {
    EXPECT_EQ(report(machine, outcome.result), test.result);
    EXPECT_EQ("", test.error);
  }
}

TEST(MachineGolden, EveryRecordedRunGivesWhatItGave) {
  size_t count = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(MR_SOURCE_DIR "/tests/golden/hog_run")) {
    SCOPED_TRACE(file.path().filename());
    for (const RunCase& test : read_cases(file.path())) {
      run_case(test);
      ++count;
    }
  }
  EXPECT_GT(count, 400U);
}

}  // namespace
}  // namespace mr::hog
