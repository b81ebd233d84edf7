#include "main/process_commands.h"

#include "main/accept_process.h"
#include "main/commands.h"
#include "main/pipeline_process.h"
#include "main/store_process.h"

namespace mr::main {

namespace {

constexpr size_t accept_workers = 1;
constexpr size_t pipeline_workers = 2;
constexpr size_t store_workers = 1;

}  // namespace

int run_process(const Command& command) {
  if (command.process_name == "accept") {
    ProcessRuntime runtime(command, accept_workers);
    runtime.run(run_accept_process(runtime, command.listener, command.tls_listener));
    return 0;
  }
  if (command.process_name == "pipeline") {
    ProcessRuntime runtime(command, pipeline_workers);
    runtime.run(run_pipeline_process(runtime));
    return 0;
  }
  if (command.process_name == "store") {
    ProcessRuntime runtime(command, store_workers);
    runtime.run(run_store_process(runtime));
    return 0;
  }
  return report(
      Error(ErrorCode::invalid_input, "there is no process \"" + command.process_name + "\""));
}

}  // namespace mr::main
