#include "main/replay_commands.h"

#include <cstdio>

#include "main/answer_print.h"
#include "main/commands.h"
#include "main/text_table.h"

namespace mr::main {

namespace {

// The API checks the id; what cannot be part of a path must not change which path it is.
Result<std::string> session_path(const Command& command) {
  const std::string& session = command.replay.session_id;
  for (const char c : session) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-') {
      return fail(ErrorCode::invalid_input, "a session id has letters, digits and hyphens only");
    }
  }
  return "/api/replay/sessions/" + session;
}

std::string with_project(std::string path, const Command& command, char first) {
  if (command.replay.project < 0) return path;
  return path + first + "project=" + std::to_string(command.replay.project);
}

void print_fields(const json::Object& session) {
  TextTable table({"field", "value"});
  for (const json::Member& field : session) {
    table.add({std::string(field.key), member(session, field.key)});
  }
  print(table.render());
}

// Lines that are arrays are snapshots; objects tell of what is missing.
class PrintSnapshots final : public PrintLines {
 public:
  bool is_whole() const { return whole_; }

 protected:
  void show(std::string_view line) override {
    if (line.starts_with('[')) {
      PrintLines::show(line);
      return;
    }
    whole_ = false;
    std::fprintf(stderr, "millrace: part of the recording is not in the log any more: %s\n",
                 readable_record(line).c_str());
  }

 private:
  bool whole_ = true;
};

}  // namespace

int run_replay_list(const Command& command) {
  const std::string path = with_project(
      "/api/replay/sessions?limit=" + std::to_string(command.replay.limit), command, '&');
  return print_list(command, ServerClient(command.server).get(path), "sessions",
                    {"session", "project", "distinct id", "began", "active ms", "clicks", "keys",
                     "errors", "size", "first url"},
                    [](const json::Object& session) -> std::vector<std::string> {
                      const std::string url = member(session, "first_url");
                      return {member(session, "session_id"),
                              member(session, "project_id"),
                              member(session, "distinct_id"),
                              member(session, "first_timestamp"),
                              grouped_member(session, "active_milliseconds"),
                              grouped_member(session, "click_count"),
                              grouped_member(session, "keypress_count"),
                              grouped_member(session, "console_error_count"),
                              bytes_member(session, "size"),
                              url == "null" ? "" : url};
                    });
}

int run_replay_show(const Command& command) {
  const auto path = session_path(command);
  if (!path) return report(path.error());
  return print_answer(command, ServerClient(command.server).get(with_project(*path, command, '?')),
                      print_fields);
}

int run_replay_export(const Command& command) {
  const auto path = session_path(command);
  if (!path) return report(path.error());
  PrintSnapshots snapshots;
  const auto answer =
      accepted(ServerClient(command.server)
                   .stream(with_project(*path + "/snapshots", command, '?'), snapshots));
  if (!answer) return report(answer.error());
  return snapshots.is_whole() ? 0 : 1;
}

}  // namespace mr::main
