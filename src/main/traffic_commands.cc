#include "main/traffic_commands.h"

#include "main/answer_print.h"
#include "main/commands.h"
#include "main/text_table.h"

namespace mr::main {

namespace {

// Prints a successful answer with --json, else `said`.
int print_outcome(const Command& command, Result<Answer> answer, const std::string& said) {
  return print_answer(command, std::move(answer), [&](const json::Object&) { print(said + "\n"); });
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
  return print_list(command, ServerClient(command.server).get("/api/quotas"), "quotas",
                    {"project", "resource", "period", "limit", "used"},
                    [](const json::Object& quota) -> std::vector<std::string> {
                      return {member(quota, "project"), member(quota, "resource"),
                              member(quota, "period"), grouped_member(quota, "limit"),
                              grouped_member(quota, "used")};
                    });
}

int run_quota_set(const Command& command) {
  const TrafficRule& rule = command.traffic;
  json::Object body;
  body.set("project", std::to_string(rule.project));
  body.set_text("resource", rule.resource);
  body.set_text("period", rule.period);
  body.set("limit", std::to_string(rule.limit));
  return print_outcome(command, ServerClient(command.server).post("/api/quotas", body.to_json()),
                       "From now on " + grouped(rule.limit) + " " + rule.resource +
                           of_project(rule) + " are kept each " + rule.period);
}

int run_quota_remove(const Command& command) {
  const TrafficRule& rule = command.traffic;
  const std::string path = "/api/quotas/" + std::to_string(rule.project) + "/" + rule.resource;
  return print_outcome(command, ServerClient(command.server).remove(path),
                       "There is no limit any more for " + rule.resource + of_project(rule));
}

int run_restriction_list(const Command& command) {
  return print_list(
      command, ServerClient(command.server).get("/api/restrictions"), "restrictions",
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
  return print_answer(command,
                      ServerClient(command.server).post("/api/restrictions", body.to_json()),
                      [&](const json::Object& added) {
                        print("Restriction " + member(added, "id") + of_project(rule) +
                              " is in force: " + rule.action + "\n");
                      });
}

int run_restriction_remove(const Command& command) {
  const std::string id = std::to_string(command.traffic.id);
  return print_outcome(command, ServerClient(command.server).remove("/api/restrictions/" + id),
                       "Restriction " + id + " is lifted");
}

}  // namespace mr::main
