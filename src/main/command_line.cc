#include "main/command_line.h"

#include <unistd.h>
#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "main/hog_flags.h"
#include "main/version.h"

namespace mr::main {

namespace {

// The flags of `serve`: one for each setting, and the file that holds more of them.
struct ServeFlags {
  std::string config_file;
  std::map<std::string, std::string, std::less<>> values;
};

std::string flag_names(std::string_view key) {
  std::string dashed(key);
  for (char& c : dashed) c = c == '_' ? '-' : c;
  const std::string plain = "--" + std::string(key);
  return dashed == key ? plain : "--" + dashed + "," + plain;
}

void add_serve_flags(CLI::App& command, ServeFlags& flags) {
  command.add_option("--config", flags.config_file, "a TOML file with settings");
  for (const SettingDefinition& definition : setting_definitions()) {
    const std::string key(definition.key);
    std::string help(definition.help);
    if (!definition.choices.empty()) help += " (" + std::string(definition.choices) + ")";
    if (const std::string range = range_text(definition); !range.empty()) help += ", " + range;
    if (!definition.default_text.empty()) help += " [" + std::string(definition.default_text) + "]";
    command
        .add_option_function<std::string>(
            flag_names(key), [&flags, key](const std::string& value) { flags.values[key] = value; },
            help)
        ->type_name("");
  }
}

void add_server_flags(CLI::App& command, ServerAddress& server) {
  command.add_option("--data", server.data, "the data directory of the running server")
      ->capture_default_str();
  command.add_option("--url", server.url, "the server's URL, instead of --data")
      ->envname("MILLRACE_URL");
  command
      .add_option("--admin-token", server.admin_token,
                  "the admin token, needed with --url (variable MILLRACE_ADMIN_TOKEN)")
      ->envname("MILLRACE_ADMIN_TOKEN");
}

Result<Settings> read_settings(const ServeFlags& flags) {
  Settings settings;
  if (!flags.config_file.empty()) {
    std::ifstream file(flags.config_file);
    if (!file) return fail(ErrorCode::not_found, "cannot read the file " + flags.config_file);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    MR_CHECK(settings.apply_toml(text, flags.config_file));
  }
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  MR_CHECK(settings.apply_environment(variables));
  for (const auto& [key, value] : flags.values) MR_CHECK(settings.set(key, value, "--" + key));
  return settings;
}

// The valid words where `app` stands: flags for a word that starts with '-', else subcommands.
std::vector<std::string> valid_words(const CLI::App& app, bool flags) {
  std::vector<std::string> words;
  if (flags) {
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    }
  } else {
    for (const CLI::App* command : app.get_subcommands({})) {
      if (!command->get_group().empty()) words.push_back(command->get_name());
    }
  }
  return words;
}

const CLI::App& innermost(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

std::unexpected<Error> usage_failure(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& where = innermost(app);
  std::string message = error.what();
  for (const std::string& word : app.remaining(true)) {
    message = "unknown " + std::string(word.starts_with("-") ? "flag " : "word ") + word;
    const auto words = valid_words(where, word.starts_with("-"));
    const std::string name = word.substr(0, word.find('='));
    const auto near = nearest(name, {words.begin(), words.end()});
    if (!near.empty()) message += "; did you mean " + std::string(near) + "?";
    break;
  }
  std::string help = "millrace";
  for (const CLI::App* at = &app; at != &where;) {
    at = at->get_subcommands().front();
    help += " " + at->get_name();
  }
  return fail(ErrorCode::invalid_input, message + " (see `" + help + " --help`)");
}

// What talks to a running server.
void add_server_commands(CLI::App& app, Command& command) {
  CLI::App& query = *app.add_subcommand("query", "answer a question in SQL (ClickHouse's dialect)");
  query.add_option("sql", command.sql, "one statement that reads")->required();
  query.add_option("--format", command.format, "table, json, csv or tsv")
      ->check(CLI::IsMember({"table", "json", "csv", "tsv"}))
      ->capture_default_str();
  add_server_flags(query, command.server);

  CLI::App& project = *app.add_subcommand("project", "list and add projects");
  project.require_subcommand(1);
  CLI::App& add = *project.add_subcommand("add", "add a project and print its token");
  add.add_option("name", command.project_name, "the project's name")->required();
  add.add_option("--token", command.project_token, "its token (default: a random one)");
  CLI::App& list = *project.add_subcommand("list", "all projects");

  CLI::App& tail = *app.add_subcommand("tail", "print records of topics as they come");
  tail.add_option("topic", command.topic_pattern,
                  "a topic, a partition (captured/0), or a pattern with *")
      ->required();
  tail.add_option("--from", command.from_offset, "the first offset (default: the oldest kept)");
  tail.add_option("--from-time", command.log.from_time, "the first time (2026-01-31T12:00:00Z)");
  tail.add_flag("--follow,-f", command.follow, "go on with new records until interrupted");

  CLI::App& status = *app.add_subcommand("status", "what the server is doing");
  for (CLI::App* sub : {&add, &list, &tail, &status}) {
    sub->add_flag("--json", command.json, "print JSON, for scripts");
    add_server_flags(*sub, command.server);
  }
  for (const auto& [sub, name] : {std::pair{&query, CommandName::query},
                                  {&add, CommandName::project_add},
                                  {&list, CommandName::project_list},
                                  {&tail, CommandName::tail},
                                  {&status, CommandName::status}}) {
    sub->callback([&command, name = name] { command.name = name; });
  }
}

// `millrace log` and what is below it.
void add_log_commands(CLI::App& app, Command& command) {
  CLI::App& log = *app.add_subcommand("log", "look at the log on disk, topic by topic");
  log.require_subcommand(1);
  const auto add = [&](CommandName name, const char* word, const char* help) -> CLI::App& {
    CLI::App& sub = *log.add_subcommand(word, help);
    sub.callback([&command, name] { command.name = name; });
    sub.add_option("--data", command.server.data, "the data directory")->capture_default_str();
    sub.add_flag("--json", command.json, "print JSON, for scripts");
    return sub;
  };
  LogRequest& request = command.log;
  add(CommandName::log_list, "list", "all partitions: offsets, sizes, times, consumers");
  CLI::App& describe =
      add(CommandName::log_describe, "describe", "one topic with its segments and consumers");
  CLI::App& dump = add(CommandName::log_dump, "dump",
                       "print the records of a topic, or of one segment file (also Kafka's)");
  CLI::App& verify = add(CommandName::log_verify, "verify",
                         "read everything from the disk and check it; exit status 1 for damage");
  CLI::App& truncate = add(CommandName::log_truncate_before, "truncate-before",
                           "remove the records of a topic below an offset");
  CLI::App& bench = add(CommandName::log_bench, "bench",
                        "measure the log on this disk, beside a bare loop of direct writes");
  constexpr int seconds_max = 600;
  bench.add_option("--seconds", request.seconds, "how long each part is measured")
      ->capture_default_str()
      ->check(CLI::Range(1, seconds_max));
  constexpr const char* place_help = "TOPIC or TOPIC/PARTITION";
  describe.add_option("topic", request.topic, place_help)->required();
  dump.add_option("topic", request.topic,
                  "TOPIC or TOPIC/PARTITION, or the path of a file ending in .log")
      ->required();
  dump.add_option("--from", request.from, "the first offset (default: the oldest kept)");
  dump.add_option("--from-time", request.from_time, "the first time, as 2026-01-31T12:00:00Z");
  dump.add_option("--limit", request.limit, "how many records at most");
  verify.add_option("topic", request.topic, "TOPIC or TOPIC/PARTITION (default: all)");
  truncate.add_option("topic", request.topic, place_help)->required();
  truncate.add_option("offset", request.before, "the first offset to keep")->required();
  truncate.add_flag("--force", request.force, "even what a consumer has not finished");
  for (CLI::App* sub : {&describe, &dump, &verify, &truncate}) {
    sub->add_option("--partition", request.partition, "only this one (default: all)");
  }
}

// "captured/0", as the commands print it, in place of captured and --partition 0.
Result<void> split_place(LogRequest& request) {
  const size_t slash = request.topic.rfind('/');
  if (slash == std::string::npos || request.topic.ends_with(segment_ending)) return {};
  int partition = 0;
  const char* const end = request.topic.data() + request.topic.size();
  const auto [rest, error] = std::from_chars(request.topic.data() + slash + 1, end, partition);
  if (error != std::errc() || rest != end || partition < 0) {
    return fail(ErrorCode::invalid_input,
                "\"" + request.topic + "\" is neither TOPIC nor TOPIC/PARTITION");
  }
  if (request.partition >= 0 && request.partition != partition) {
    return fail(ErrorCode::invalid_input, request.topic + " and --partition " +
                                              std::to_string(request.partition) +
                                              " are two partitions");
  }
  request.partition = partition;
  request.topic.erase(slash);
  return {};
}

void add_backup_commands(CLI::App& app, Command& command) {
  CLI::App& backup = *app.add_subcommand(
      "backup", "copy everything into a folder, consistently, while the server runs or stopped");
  CLI::App& restore =
      *app.add_subcommand("restore", "make a data directory from a backup, checking every file");
  backup.callback([&command] { command.name = CommandName::backup; });
  restore.callback([&command] { command.name = CommandName::restore; });
  backup.add_option("folder", command.backup_folder, "where to: missing or empty")->required();
  restore.add_option("backup", command.backup_folder, "the folder of the backup")->required();
  backup.add_option("--data", command.server.data, "the data directory")->capture_default_str();
  restore.add_option("--data", command.server.data, "the new data directory: missing or empty")
      ->required();
  for (CLI::App* sub : {&backup, &restore}) {
    sub->add_flag("--json", command.json, "print JSON, for scripts");
  }
}

void add_replay_commands(CLI::App& app, Command& command) {
  CLI::App& replay = *app.add_subcommand("replay", "recorded sessions: list, show, export");
  replay.require_subcommand(1);
  ReplayQuestion& question = command.replay;
  const auto add = [&](CommandName name, const char* word, const char* help) -> CLI::App& {
    CLI::App& sub = *replay.add_subcommand(word, help);
    sub.callback([&command, name] { command.name = name; });
    sub.add_option("--project", question.project, "only of this project, by its id");
    add_server_flags(sub, command.server);
    return sub;
  };
  CLI::App& list = add(CommandName::replay_list, "list", "recorded sessions, the newest first");
  constexpr int limit_max = 10'000;
  list.add_option("--limit", question.limit, "how many at most")
      ->capture_default_str()
      ->check(CLI::Range(1, limit_max));
  CLI::App& show = add(CommandName::replay_show, "show", "what is known of one session");
  CLI::App& output = add(CommandName::replay_export, "export",
                         "a session's snapshots as they were sent, one JSON array a line");
  for (CLI::App* sub : {&list, &show}) {
    sub->add_flag("--json", command.json, "print JSON, for scripts");
  }
  for (CLI::App* sub : {&show, &output}) {
    sub->add_option("session", question.session_id, "the session's id")->required();
  }
}

// `millrace quota` and `millrace restriction`.
void add_traffic_commands(CLI::App& app, Command& command) {
  TrafficRule& rule = command.traffic;
  CLI::App& quota = *app.add_subcommand("quota", "how much projects may send");
  CLI::App& restriction =
      *app.add_subcommand("restriction", "what happens to certain events of a project");
  const auto add = [&](CLI::App& of, CommandName name, const char* word,
                       const char* help) -> CLI::App& {
    of.require_subcommand(1);
    CLI::App& sub = *of.add_subcommand(word, help);
    sub.callback([&command, name] { command.name = name; });
    sub.add_flag("--json", command.json, "print JSON, for scripts");
    add_server_flags(sub, command.server);
    return sub;
  };
  const auto add_project = [&rule](CLI::App& sub) {
    sub.add_option("--project", rule.project, "the project's id")->capture_default_str();
  };
  add(quota, CommandName::quota_list, "list", "all quotas and what is used of them");
  CLI::App& set = add(quota, CommandName::quota_set, "set", "set or replace a quota");
  CLI::App& lift = add(quota, CommandName::quota_remove, "remove", "lift a quota");
  for (CLI::App* sub : {&set, &lift}) {
    sub->add_option("resource", rule.resource, "events, exceptions, recordings or ai")
        ->required()
        ->check(CLI::IsMember({"events", "exceptions", "recordings", "ai"}));
    add_project(*sub);
  }
  set.add_option("limit", rule.limit, "how many are kept in a period")
      ->required()
      ->check(CLI::NonNegativeNumber);
  set.add_option("--period", rule.period, "day or month, of UTC")
      ->check(CLI::IsMember({"day", "month"}))
      ->capture_default_str();

  add(restriction, CommandName::restriction_list, "list", "all restrictions");
  CLI::App& restrict =
      add(restriction, CommandName::restriction_add, "add", "add a restriction, at once in force");
  restrict
      .add_option("action", rule.action,
                  "drop; overflow (kept apart, without persons); skip_person; dead_letter")
      ->required()
      ->check(CLI::IsMember({"drop", "overflow", "skip_person", "dead_letter"}));
  restrict.add_option("--event", rule.event, "only events of this name");
  restrict.add_option("--distinct-id", rule.distinct_id, "only events of this distinct id");
  add_project(restrict);
  CLI::App& remove =
      add(restriction, CommandName::restriction_remove, "remove", "lift a restriction");
  remove.add_option("id", rule.id, "its id")->required();
}

CLI::App& add_ingest_commands(CLI::App& app, Command& command, ServeFlags& flags) {
  CLI::App& ingest = *app.add_subcommand("ingest", "try what ingest makes of events");
  ingest.require_subcommand(1);
  CLI::App& attempt =
      *ingest.add_subcommand("try", "show what a file of events would become, changing nothing");
  TrialRequest& trial = command.trial;
  attempt
      .add_option("file", trial.file,
                  "one event a line as a client sends it, or a whole request; beside the event's "
                  "own fields a line may have ip, now, sent_at, token, headers; - reads standard "
                  "input")
      ->required();
  attempt.add_option("--team,--project", trial.project, "the project's id")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  attempt.add_option("--now", trial.now, "the time of arrival of lines that tell none");
  attempt.add_option("--batch", trial.batch, "lines worked on at once")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  attempt.add_option("--config", flags.config_file, "a TOML file with settings");
  attempt.add_flag("--json", command.json, "print JSON, for scripts");
  attempt.callback([&command] { command.name = CommandName::ingest_try; });
  return attempt;
}

void add_log_and_backup_commands(CLI::App& app, Command& command) {
  add_log_commands(app, command);
  add_backup_commands(app, command);
}

}  // namespace

Result<Command> parse_command_line(int count, const char* const* arguments) {
  Command command;
  command.program = arguments[0];
  ServeFlags flags;
  CLI::App app{
      "Millrace takes in product events, makes them correct, keeps them and passes them on.",
      "millrace"};
  app.set_version_flag("--version", std::string(program_version));
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);

  CLI::App& serve = *app.add_subcommand("serve", "run the server");
  CLI::App& process = *app.add_subcommand("process", "run one process of the server")->group("");
  add_serve_flags(serve, flags);
  add_serve_flags(process, flags);
  process.add_option("name", command.process_name)->required();
  process.add_option("--listener", command.listener);
  process.add_option("--tls-listener", command.tls_listener);

  add_server_commands(app, command);
  add_log_and_backup_commands(app, command);
  add_replay_commands(app, command);
  add_traffic_commands(app, command);
  add_hog_commands(app, command);
  const CLI::App& attempt = add_ingest_commands(app, command, flags);
  try {
    app.parse(count, arguments);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);  // of the innermost command, under its whole name
    return Command{};
  } catch (const CLI::CallForVersion&) {
    std::printf("millrace %s\n", program_version.data());
    return Command{};
  } catch (const CLI::ParseError& error) {
    return usage_failure(app, error);
  }

  MR_CHECK(split_place(command.log));
  if (attempt.parsed()) {
    MR_TRY(command.settings, read_settings(flags));
  }
  if (serve.parsed() || process.parsed()) {
    MR_TRY(command.settings, read_settings(flags));
    command.name = serve.parsed() ? CommandName::serve : CommandName::process;
    command.serve_arguments.assign(arguments + 2, arguments + count);
  }
  return command;
}

}  // namespace mr::main
