#include "main/commands.h"

#include <cstdio>
#include <vector>

#include "codec/json_object.h"
#include "codec/json_text.h"
#include "main/text_table.h"

namespace mr::main {

namespace {

constexpr long status_ok = 200;
constexpr long status_created = 201;

// What a refusal of the control API says: {"error":{"code":…,"message":…}}.
Error refusal_of(const Answer& answer) {
  const auto body = json::Object::parse(answer.body);
  if (body) {
    if (const auto raw = body->find("error")) {
      if (const auto error = json::Object::parse(*raw)) {
        if (const auto message = error->find_text("message")) {
          return Error(ErrorCode::failed, *message);
        }
      }
    }
  }
  return Error(ErrorCode::failed,
               "the server answered " + std::to_string(answer.status) + ": " + answer.body);
}

std::string member(const json::Object& object, std::string_view key) {
  const auto raw = object.find(key);
  return raw ? json::to_plain_text(*raw) : std::string();
}

// The objects of an array member; none when it is missing or something else.
std::vector<json::Object> objects(const json::Object& in, std::string_view key) {
  std::vector<json::Object> found;
  const auto raw = in.find(key);
  if (!raw) return found;
  const auto items = json::split_array(*raw);
  if (!items) return found;
  for (const std::string_view item : *items) {
    if (auto object = json::Object::parse(item)) found.push_back(std::move(*object));
  }
  return found;
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

std::string grouped_member(const json::Object& object, std::string_view key) {
  const auto raw = object.find(key);
  const auto number = raw ? json::as_int64(*raw) : std::nullopt;
  return number ? grouped(*number) : "-";
}

std::string bytes_member(const json::Object& object, std::string_view key) {
  const auto raw = object.find(key);
  const auto number = raw ? json::as_int64(*raw) : std::nullopt;
  return number ? readable_bytes(static_cast<unsigned long long>(*number)) : "-";
}

json::Object object_member(const json::Object& in, std::string_view key) {
  const auto raw = in.find(key);
  auto parsed = raw ? json::Object::parse(*raw) : json::Object();
  return parsed ? std::move(*parsed) : json::Object();
}

// Prints a tail's lines as they come. Blank ones only say that the server is still there.
class PrintLines : public AnswerSink {
 public:
  void piece(std::string_view bytes) override {
    pending_ += bytes;
    size_t start = 0;
    for (size_t end; (end = pending_.find('\n', start)) != std::string::npos; start = end + 1) {
      if (end > start) show(std::string_view(pending_).substr(start, end - start));
    }
    pending_.erase(0, start);
    std::fflush(stdout);
  }

 protected:
  virtual void show(std::string_view line) { print(std::string(line) + "\n"); }

 private:
  std::string pending_;
};

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
  const auto answer = ServerClient(command.server).post("/api/query", body.to_json());
  if (!answer) return report(answer.error());
  if (answer->status != status_ok) return report(refusal_of(*answer));
  print(answer->body);
  if (!answer->body.empty() && answer->body.back() != '\n') print("\n");
  return 0;
}

int run_project_add(const Command& command) {
  json::Object body;
  body.set_text("name", command.project_name);
  if (!command.project_token.empty()) body.set_text("token", command.project_token);
  const auto answer = ServerClient(command.server).post("/api/projects", body.to_json());
  if (!answer) return report(answer.error());
  if (answer->status != status_created) return report(refusal_of(*answer));
  const auto project = json::Object::parse(answer->body);
  if (command.json || !project) {
    print(answer->body + "\n");
  } else {
    print("Project " + member(*project, "id") + " \"" + member(*project, "name") +
          "\" has the token " + member(*project, "token") + "\n");
  }
  return 0;
}

int run_project_list(const Command& command) {
  const auto answer = ServerClient(command.server).get("/api/projects");
  if (!answer) return report(answer.error());
  if (answer->status != status_ok) return report(refusal_of(*answer));
  const auto list = json::Object::parse(answer->body);
  if (command.json || !list) {
    print(answer->body + "\n");
    return 0;
  }
  TextTable table({"id", "name", "token", "created"});
  for (const json::Object& project : objects(*list, "projects")) {
    table.add({member(project, "id"), member(project, "name"), member(project, "token"),
               member(project, "created_at")});
  }
  print(table.render());
  return 0;
}

int run_tail(const Command& command) {
  std::string path = "/api/tail?topic=" + url_encoded(command.topic_pattern);
  if (command.from_offset >= 0) path += "&from=" + std::to_string(command.from_offset);
  if (!command.log.from_time.empty()) path += "&from_time=" + url_encoded(command.log.from_time);
  if (command.follow) path += "&follow=1";
  PrintLines lines;
  PrintRecords records;
  AnswerSink& sink = command.json ? static_cast<AnswerSink&>(lines) : records;
  const auto answer = ServerClient(command.server).stream(path, sink);
  if (!answer) return report(answer.error());
  return answer->status == status_ok ? 0 : report(refusal_of(*answer));
}

int run_status(const Command& command) {
  const auto answer = ServerClient(command.server).get("/api/status");
  if (!answer) return report(answer.error());
  if (answer->status != status_ok) return report(refusal_of(*answer));
  const auto status = json::Object::parse(answer->body);
  if (command.json || !status) {
    print(answer->body + "\n");
  } else {
    print_status(*status);
  }
  return 0;
}

}  // namespace mr::main
