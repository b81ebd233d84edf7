#include "main/backup_commands.h"
#include "main/command_line.h"
#include "main/commands.h"
#include "main/hog_commands.h"
#include "main/ingest_try_command.h"
#include "main/log_commands.h"
#include "main/process_commands.h"
#include "main/replay_commands.h"
#include "main/serve_command.h"
#include "main/traffic_commands.h"

namespace mr::main {
namespace {

constexpr int usage_exit_code = 2;

int run(int count, const char* const* arguments) {
  const Result<Command> command = parse_command_line(count, arguments);
  if (!command) {
    report(command.error());
    return usage_exit_code;
  }
  switch (command->name) {
    case CommandName::none:
      return 0;
    case CommandName::serve:
      return run_serve(*command);
    case CommandName::process:
      return run_process(*command);
    case CommandName::query:
      return run_query(*command);
    case CommandName::project_add:
      return run_project_add(*command);
    case CommandName::project_list:
      return run_project_list(*command);
    case CommandName::tail:
      return run_tail(*command);
    case CommandName::status:
      return run_status(*command);
    case CommandName::log_list:
      return run_log_list(*command);
    case CommandName::log_describe:
      return run_log_describe(*command);
    case CommandName::log_dump:
      return run_log_dump(*command);
    case CommandName::log_verify:
      return run_log_verify(*command);
    case CommandName::log_truncate_before:
      return run_log_truncate_before(*command);
    case CommandName::log_bench:
      return run_log_bench(*command);
    case CommandName::backup:
      return run_backup(*command);
    case CommandName::restore:
      return run_restore(*command);
    case CommandName::ingest_try:
      return run_ingest_try(*command);
    case CommandName::replay_list:
      return run_replay_list(*command);
    case CommandName::replay_show:
      return run_replay_show(*command);
    case CommandName::replay_export:
      return run_replay_export(*command);
    case CommandName::quota_list:
      return run_quota_list(*command);
    case CommandName::quota_set:
      return run_quota_set(*command);
    case CommandName::quota_remove:
      return run_quota_remove(*command);
    case CommandName::restriction_list:
      return run_restriction_list(*command);
    case CommandName::restriction_add:
      return run_restriction_add(*command);
    case CommandName::restriction_remove:
      return run_restriction_remove(*command);
    case CommandName::hog_compile:
    case CommandName::hog_check:
    case CommandName::hog_format:
    case CommandName::hog_disassemble:
    case CommandName::hog_run:
      return run_hog(*command);
  }
  return usage_exit_code;
}

}  // namespace
}  // namespace mr::main

int main(int count, char** arguments) {
  return mr::main::run(count, arguments);
}
