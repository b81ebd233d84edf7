#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "main/server_client.h"
#include "main/settings.h"

namespace mr::main {

enum class CommandName : uint8_t {
  none,  // help or the version was asked for and has been printed
  serve,
  process,  // a child of serve; not shown in help
  query,
  project_add,
  project_list,
  tail,
  status,
  log_list,
  log_describe,
  log_dump,
  log_verify,
  log_truncate_before,
  log_bench,
  backup,
  restore,
  replay_list,
  replay_show,
  replay_export,
  quota_list,
  quota_set,
  quota_remove,
  restriction_list,
  restriction_add,
  restriction_remove,
  hog_compile,
  hog_check,
  hog_format,
  hog_disassemble,
  hog_run,
  ingest_try,
};

// What the name of a segment's file ends in.
inline constexpr const char* segment_ending = ".log";

// What `millrace log …` asks for.
struct LogRequest {
  std::string topic;   // or, for dump, the path of a segment file
  int partition = -1;  // -1: all
  long long from = 0;
  std::string from_time;
  long long limit = -1;  // -1: none
  long long before = 0;
  bool force = false;
  int seconds = 2;  // of each measured part of bench
};

// What `millrace replay …` asks for.
struct ReplayQuestion {
  std::string session_id;
  long long project = -1;  // -1: any
  int limit = 100;
};

// What `millrace quota …` and `millrace restriction …` are about.
struct TrafficRule {
  long long project = 1;
  std::string resource;
  long long limit = 0;
  std::string period = "month";
  std::string action;
  std::string distinct_id;
  std::string event;
  long long id = 0;
};

// What `millrace hog …` asks for.
struct HogRequest {
  std::vector<std::string> files;
  std::string form = "program";  // expression, template, filter, bytecode
  bool write = false;
  bool check = false;
  // run; negative: the machine's own limit
  std::string globals_file;
  std::string replies_file;
  long long timeout_millis = -1;
  long long memory_bytes = -1;
  long long async_max = -1;
};

// What `millrace ingest try` asks for.
struct TrialRequest {
  std::string file;
  long long project = 1;
  std::string now;  // empty: the clock's time
  int batch = 5000;
};

// What the command line says.
struct Command {
  CommandName name = CommandName::none;
  std::string program;  // how this program was called

  // serve, process
  Settings settings;
  std::vector<std::string> serve_arguments;  // as given after `serve`, for the children
  std::string process_name;
  int listener = -1;  // the inherited listening sockets of process accept
  int tls_listener = -1;

  // the others
  ServerAddress server;
  bool json = false;
  std::string sql;
  std::string format = "table";
  std::string project_name;
  std::string project_token;
  std::string topic_pattern;
  long long from_offset = -1;  // -1: the first kept record, or with follow the end
  bool follow = false;
  LogRequest log;
  ReplayQuestion replay;
  TrafficRule traffic;
  HogRequest hog;
  TrialRequest trial;
  std::string backup_folder;
};

// Reads the arguments, the configuration file and the environment. Prints help where that is what
// was asked for. Errors: invalid_input, naming the word and the nearest valid one.
Result<Command> parse_command_line(int count, const char* const* arguments);

}  // namespace mr::main
