#include "main/commands.h"

#include <cstdio>

#include "codec/json_object.h"
#include "main/answer_print.h"
#include "main/text_table.h"

namespace mr::main {

namespace {

json::Object object_member(const json::Object& in, std::string_view key) {
  const auto raw = in.find(key);
  auto parsed = raw ? json::Object::parse(*raw) : json::Object();
  return parsed ? std::move(*parsed) : json::Object();
}

// Shows each record of a tail as one readable line: place, time, key, value.
class PrintRecords final : public PrintLines {
 protected:
  void show(std::string_view line) override { print(readable_record(line) + "\n"); }
};

void print_processes(const json::Object& status) {
  TextTable table({"process", "pid", "state", "restarts", "memory"});
  for (const json::Object& process : objects(status, "processes")) {
    table.add({member(process, "name"), member(process, "pid"), member(process, "state"),
               member(process, "restarts"), bytes_member(process, "resident_bytes")});
  }
  print(table.render());
}

void print_recordings(const json::Object& status) {
  const json::Object recordings = object_member(status, "recordings");
  const json::Object fates = object_member(recordings, "fates");
  if (fates.empty()) return;
  TextTable table({"recordings of sessions", "count"});
  table.add({"accepted", grouped_member(recordings, "accepted")});
  for (const json::Member& fate : fates) {
    table.add({std::string(fate.key), grouped_member(fates, fate.key)});
  }
  print("\n" + table.render());
}

void print_refused_of_projects(const json::Object& status) {
  TextTable table({"refused or dropped of project", "reason", "count"});
  bool any = false;
  for (const json::Object& one : objects(status, "refused_of_projects")) {
    const std::string project = member(one, "project");
    if (project == "null") continue;
    any = true;
    table.add({project, member(one, "reason"), grouped_member(one, "count")});
  }
  if (any) print("\n" + table.render());
}

void print_status(const json::Object& status) {
  print_processes(status);
  const json::Object lag = object_member(status, "lag");
  print("\n");
  TextTable stages({"stage", "events", "behind"});
  stages.add({"accepted", grouped_member(status, "accepted"), ""});
  stages.add({"ingested", grouped_member(status, "ingested"), grouped_member(lag, "ingest")});
  stages.add({"stored", grouped_member(status, "stored"), grouped_member(lag, "load")});
  print(stages.render());
  for (const auto& [title, key] : {std::pair{"fate of ingested events", "fates"},
                                   std::pair{"refused by capture, by reason", "refused"}}) {
    const json::Object counts = object_member(status, key);
    if (counts.empty()) continue;
    print("\n");
    TextTable table({title, "count"});
    for (const json::Member& count : counts) {
      table.add({std::string(count.key), grouped_member(counts, count.key)});
    }
    print(table.render());
  }
  print_recordings(status);
  print_refused_of_projects(status);
  if (const auto trouble = status.find_text("log_error")) {
    print("\nthe log does not answer, so what it holds is not known: " + *trouble + "\n");
  }
  const json::Object disk = object_member(status, "disk");
  print("\ndisk: log " + bytes_member(disk, "log_bytes") + ", warehouse " +
        bytes_member(disk, "warehouse_bytes") + ", state " + bytes_member(disk, "state_bytes") +
        ", free " + bytes_member(disk, "free_bytes") + "\n");
}

std::string url_encoded(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += digits[static_cast<unsigned char>(c) >> 4];
      encoded += digits[static_cast<unsigned char>(c) & 15];
    }
  }
  return encoded;
}

}  // namespace

std::string readable_record(std::string_view line) {
  const auto record = json::Object::parse(line);
  if (!record) return std::string(line);
  const std::string place = member(*record, "topic") + "/" + member(*record, "partition") + " ";
  if (record->find("error")) {
    return place + member(*record, "first_offset") + " to " + member(*record, "last_offset") +
           (record->find("removed") ? "  REMOVED: " : "  DAMAGED: ") + member(*record, "error");
  }
  return place + member(*record, "offset") + "  " + member(*record, "timestamp") + "  " +
         member(*record, "key") + "  " + member(*record, "value");
}

int report(const Error& error) {
  std::fprintf(stderr, "millrace: %s\n", error.message().c_str());
  return 1;
}

int run_query(const Command& command) {
  json::Object body;
  body.set_text("sql", command.sql);
  body.set_text("format", command.format);
  const auto answer = accepted(ServerClient(command.server).post("/api/query", body.to_json()));
  if (!answer) return report(answer.error());
  print(answer->body);
  if (!answer->body.empty() && answer->body.back() != '\n') print("\n");
  return 0;
}

int run_project_add(const Command& command) {
  json::Object body;
  body.set_text("name", command.project_name);
  if (!command.project_token.empty()) body.set_text("token", command.project_token);
  return print_answer(command, ServerClient(command.server).post("/api/projects", body.to_json()),
                      [](const json::Object& project) {
                        print("Project " + member(project, "id") + " \"" + member(project, "name") +
                              "\" has the token " + member(project, "token") + "\n");
                      });
}

int run_project_list(const Command& command) {
  return print_list(command, ServerClient(command.server).get("/api/projects"), "projects",
                    {"id", "name", "token", "created"},
                    [](const json::Object& project) -> std::vector<std::string> {
                      return {member(project, "id"), member(project, "name"),
                              member(project, "token"), member(project, "created_at")};
                    });
}

int run_tail(const Command& command) {
  std::string path = "/api/tail?topic=" + url_encoded(command.topic_pattern);
  if (command.from_offset >= 0) path += "&from=" + std::to_string(command.from_offset);
  if (!command.log.from_time.empty()) path += "&from_time=" + url_encoded(command.log.from_time);
  if (command.follow) path += "&follow=1";
  PrintLines lines;
  PrintRecords records;
  AnswerSink& sink = command.json ? static_cast<AnswerSink&>(lines) : records;
  const auto answer = accepted(ServerClient(command.server).stream(path, sink));
  return answer ? 0 : report(answer.error());
}

int run_status(const Command& command) {
  return print_answer(command, ServerClient(command.server).get("/api/status"), print_status);
}

}  // namespace mr::main
