#include <cmath>
#include <cstdio>
#include <memory>

#include "codec/json_object.h"
#include "codec/json_text.h"
#include "codec/utf8.h"
#include "hog/compiler.h"
#include "hog/json_value.h"
#include "hog/machine.h"
#include "main/commands.h"
#include "main/hog_commands.h"
#include "main/hog_host.h"
#include "main/hog_source.h"

namespace mr::main {
namespace {

// Globals and replies are input, not memory of the program.
constexpr size_t input_bytes_max = size_t{1} << 30U;

// `millrace hog run`: one program, its globals and the answers to its asynchronous calls.
class HogRun {
 public:
  HogRun(const Command& command, hog::Program program, std::string globals,
         std::optional<std::vector<std::string>> replies)
      : command_(command),
        code_(std::move(program)),
        host_(replies.has_value()),
        globals_json_(std::move(globals)),
        replies_(std::move(replies)),
        input_(input_bytes_max),
        heap_(limits().memory_bytes_max),
        machine_(std::make_unique<hog::Machine>(heap_, host_, limits())) {}

  Result<int> run();

 private:
  hog::Limits limits() const {
    hog::Limits limits;
    const HogRequest& request = command_.hog;
    if (request.timeout_millis >= 0) {
      limits.time_millis_max = static_cast<double>(request.timeout_millis);
    }
    if (request.memory_bytes >= 0) {
      limits.memory_bytes_max = static_cast<size_t>(request.memory_bytes);
    }
    if (request.async_max >= 0) limits.async_steps_max = static_cast<uint32_t>(request.async_max);
    return limits;
  }

  Result<hog::Value> read_globals();
  Result<void> answer(hog::Outcome& outcome, const hog::Value& globals);
  std::string json_of(const hog::Value& value);
  std::string error_json(const hog::Failure& failure);
  void print_json(const hog::Outcome& outcome);
  void print_for_people(const hog::Outcome& outcome);

  const Command& command_;
  hog::Code code_;
  HogHost host_;
  std::string globals_json_;
  std::optional<std::vector<std::string>> replies_;
  hog::Heap input_;
  hog::Heap heap_;
  std::unique_ptr<hog::Machine> machine_;
  hog::Value globals_;
  size_t async_calls_ = 0;
  std::string async_calls_json_;
  std::string suspended_state_ = "null";
};

Result<hog::Value> HogRun::read_globals() {
  // Reading is no work of the program's, so it has limits of its own.
  hog::Budget budget(host_, hog::Limits{});
  budget.start(0, 0);
  hog::RegexCache regexes;
  hog::TimeZones zones(host_);
  hog::Context context{input_, budget, host_, regexes, zones};
  return hog::read_json(context, globals_json_);
}

std::string HogRun::json_of(const hog::Value& value) {
  // Past its memory limit a program's heap takes nothing more; the report has room of its own.
  hog::Heap heap(input_bytes_max);
  hog::Budget budget(host_, hog::Limits{});
  budget.start(0, 0);
  hog::RegexCache regexes;
  hog::TimeZones zones(host_);
  hog::Context context{heap, budget, host_, regexes, zones};
  hog::TextBuilder out(heap);
  const auto done = hog::append_json(out, context, value, hog::JsonForm::report);
  return done ? std::string(out.view()) : json::quote("(a value that nests too deeply)");
}

// Goes on with the next reply, each time through the state's JSON, as another process would.
Result<void> HogRun::answer(hog::Outcome& outcome, const hog::Value& globals) {
  std::string arguments = "[";
  for (const hog::Value& argument : outcome.async_arguments) {
    if (arguments.size() > 1) arguments += ",";
    arguments += json_of(argument);
  }
  if (async_calls_++ > 0) async_calls_json_ += ",";
  async_calls_json_ +=
      "{\"name\":" + json::quote(outcome.async_function) + ",\"arguments\":" + arguments + "]}";
  MR_TRY(const std::string state, machine_->save_state());
  if (async_calls_ == 1) suspended_state_ = state;
  outcome = hog::Outcome();
  MR_CHECK(machine_->load_state(state, globals));
  const std::string reply =
      async_calls_ <= replies_->size() ? (*replies_)[async_calls_ - 1] : "null";
  MR_TRY(hog::Value value, hog::read_json(machine_->context(), reply));
  outcome = machine_->resume(std::move(value));
  return {};
}

std::string HogRun::error_json(const hog::Failure& failure) {
  json::Object object;
  object.set_text("name", failure.name);
  object.set("type", failure.type.empty() ? "null" : json::quote(failure.type));
  object.set_text("message", codec::with_valid_utf8(failure.message));
  object.set("payload", json_of(failure.payload));
  object.set("native", failure.native ? "true" : "false");
  if (!failure.call.empty()) object.set_text("call", failure.call);
  return object.to_json();
}

void HogRun::print_json(const hog::Outcome& outcome) {
  json::Object object;
  object.set("result", json_of(outcome.result));
  std::string lines = "[";
  for (const std::string& line : host_.lines()) {
    if (lines.size() > 1) lines += ",";
    lines += json::quote(codec::with_valid_utf8(line));
  }
  object.set("stdout", lines + "]");
  object.set("error", outcome.failure ? error_json(*outcome.failure) : "null");
  object.set("async_calls", "[" + async_calls_json_ + "]");
  object.set("suspended_state", suspended_state_);
  object.set("operations", std::to_string(machine_->operations()));
  object.set("milliseconds", json_of(hog::Value(std::round(machine_->millis() * 1000) / 1000)));
  object.set("memory_bytes", std::to_string(heap_.bytes_peak()));
  std::printf("%s\n", object.to_json().c_str());
}

void HogRun::print_for_people(const hog::Outcome& outcome) {
  for (const std::string& line : host_.lines()) std::printf("%s\n", line.c_str());
  if (host_.lines_dropped() > 0) std::printf("… and %zu lines more\n", host_.lines_dropped());
  if (outcome.failure) {
    const hog::Failure& failure = *outcome.failure;
    std::fprintf(stderr, "%s%s%s: %s%s%s\n", failure.name.c_str(), failure.type.empty() ? "" : " ",
                 failure.type.c_str(), failure.message.c_str(), failure.call.empty() ? "" : " in ",
                 failure.call.c_str());
  } else {
    std::printf("%s\n", json_of(outcome.result).c_str());
  }
  std::fprintf(stderr, "%llu operations, %.3f ms, %zu bytes\n",
               static_cast<unsigned long long>(machine_->operations()), machine_->millis(),
               heap_.bytes_peak());
}

Result<int> HogRun::run() {
  MR_TRY(globals_, read_globals());
  hog::Outcome outcome = machine_->run(code_, globals_);
  while (outcome.end == hog::End::suspended) MR_CHECK(answer(outcome, globals_));
  if (command_.json) {
    print_json(outcome);
  } else {
    print_for_people(outcome);
  }
  const int exit_code = outcome.failure ? 1 : 0;
  outcome = hog::Outcome();
  machine_.reset();
  return exit_code;
}

Result<std::optional<std::vector<std::string>>> read_replies(const std::string& path) {
  if (path.empty()) return std::nullopt;
  MR_TRY(const std::string text, read_source(path));
  if (!json::is_valid(text)) return fail(ErrorCode::invalid_input, path + " is no JSON");
  MR_TRY(const auto items, json::split_array(text));
  return std::vector<std::string>(items.begin(), items.end());
}

Result<std::string> read_globals_file(const std::string& path) {
  if (path.empty()) return "{}";
  return read_source(path);
}

Result<int> run_program(const Command& command, hog::Program program) {
  MR_TRY(std::string globals, read_globals_file(command.hog.globals_file));
  MR_TRY(auto replies, read_replies(command.hog.replies_file));
  HogRun run(command, std::move(program), std::move(globals), std::move(replies));
  return run.run();
}

}  // namespace

int run_hog_run(const Command& command) {
  const std::string& path = command.hog.files.front();
  const auto source = read_source(path);
  if (!source) return report(source.error());
  Result<hog::Program> program = hog::Program();
  if (command.hog.form == "bytecode") {
    program = hog::read_program(*source);
  } else {
    auto compiled = hog::compile(*source, form_of(command.hog));
    if (!compiled) return report_compile_error(command, *source, path, compiled.error());
    program = std::move(compiled->program);
  }
  if (!program) return report(program.error());
  const auto exit_code = run_program(command, *std::move(program));
  return exit_code ? *exit_code : report(exit_code.error());
}

}  // namespace mr::main
