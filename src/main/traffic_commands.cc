#include "main/traffic_commands.h"

#include "main/answer_print.h"
#include "main/commands.h"
#include "main/text_table.h"

namespace mr::main {

namespace {

// Prints a successful answer with --json, else `said`.
int print_outcome(const Command& command, const Result<Answer>& answer, const std::string& said) {
  if (!answer) return report(answer.error());
  if (answer->status != status_ok && answer->status != status_created) {
    return report(refusal_of(*answer));
  }
  print((command.json ? answer->body : said) + "\n");
  return 0;
}

// The collection as a table; `row` makes the cells of one of its objects.
template <typename Row>
int print_list(const Command& command, const std::string& path, std::string_view key,
               std::vector<std::string> names, const Row& row) {
  const auto answer = ServerClient(command.server).get(path);
  if (!answer) return report(answer.error());
  if (answer->status != status_ok) return report(refusal_of(*answer));
  const auto list = json::Object::parse(answer->body);
  if (command.json || !list) {
    print(answer->body + "\n");
    return 0;
  }
  TextTable table(std::move(names));
  for (const json::Object& object : objects(*list, key)) table.add(row(object));
  print(table.render());
  return 0;
}

std::string any_if_empty(const json::Object& object, std::string_view key) {
  std::string text = member(object, key);
  return text.empty() ? "any" : text;
}

std::string of_project(const TrafficRule& rule) {
  return " of project " + std::to_string(rule.project);
}

}  // namespace

int run_quota_list(const Command& command) {
  return print_list(
      command, "/api/quotas", "quotas", {"project", "resource", "period", "limit", "used"},
      [](const json::Object& quota) -> std::vector<std::string> {
        return {member(quota, "project"), member(quota, "resource"), member(quota, "period"),
                grouped_member(quota, "limit"), grouped_member(quota, "used")};
      });
}

int run_quota_set(const Command& command) {
  const TrafficRule& rule = command.traffic;
  json::Object body;
  body.set("project", std::to_string(rule.project));
  body.set_text("resource", rule.resource);
  body.set_text("period", rule.period);
  body.set("limit", std::to_string(rule.limit));
  const auto answer = ServerClient(command.server).post("/api/quotas", body.to_json());
  return print_outcome(command, answer,
                       "From now on " + grouped(rule.limit) + " " + rule.resource +
                           of_project(rule) + " are kept each " + rule.period);
}

int run_quota_remove(const Command& command) {
  const TrafficRule& rule = command.traffic;
  const auto answer =
      ServerClient(command.server)
          .remove("/api/quotas/" + std::to_string(rule.project) + "/" + rule.resource);
  return print_outcome(command, answer,
                       "There is no limit any more for " + rule.resource + of_project(rule));
}

int run_restriction_list(const Command& command) {
  return print_list(
      command, "/api/restrictions", "restrictions",
      {"id", "project", "action", "distinct id", "event", "created"},
      [](const json::Object& restriction) -> std::vector<std::string> {
        return {member(restriction, "id"),          member(restriction, "project"),
                member(restriction, "action"),      any_if_empty(restriction, "distinct_id"),
                any_if_empty(restriction, "event"), member(restriction, "created_at")};
      });
}

int run_restriction_add(const Command& command) {
  const TrafficRule& rule = command.traffic;
  json::Object body;
  body.set("project", std::to_string(rule.project));
  body.set_text("action", rule.action);
  body.set_text("distinct_id", rule.distinct_id);
  body.set_text("event", rule.event);
  const auto answer = ServerClient(command.server).post("/api/restrictions", body.to_json());
  const auto added = answer ? json::Object::parse(answer->body) : json::Object();
  return print_outcome(command, answer,
                       "Restriction " + (added ? member(*added, "id") : "") + of_project(rule) +
                           " is in force: " + rule.action);
}

int run_restriction_remove(const Command& command) {
  const std::string id = std::to_string(command.traffic.id);
  const auto answer = ServerClient(command.server).remove("/api/restrictions/" + id);
  return print_outcome(command, answer, "Restriction " + id + " is lifted");
}

}  // namespace mr::main
