#include "serve/traffic_routes.h"

#include "codec/integer.h"
#include "codec/json_object.h"
#include "codec/json_text.h"
#include "event/timestamp.h"
#include "http/client.h"
#include "io/clock.h"
#include "serve/api_error.h"

namespace mr::serve {
namespace {

constexpr size_t rule_body_bytes_max = 16 * 1024;
constexpr Millis accept_patience{500};
constexpr std::string_view quotas_path = "/api/quotas";
constexpr std::string_view restrictions_path = "/api/restrictions";

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::invalid_input, std::move(message));
}

Result<ProjectId> project_of(const json::Object& body) {
  const auto number = codec::parse_integer(body.find("project").value_or(""));
  if (!number) return invalid("\"project\" is a project's id, a number");
  return ProjectId(*number);
}

Result<catalog::Resource> resource_named(std::string_view name) {
  const auto resource = catalog::resource_of(name);
  if (!resource) return invalid("\"resource\" is events, exceptions, recordings or ai");
  return *resource;
}

// What stands behind the path of the collection; empty for the collection itself.
std::string_view below(std::string_view path, std::string_view collection) {
  path.remove_prefix(std::min(collection.size() + 1, path.size()));
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

std::string restriction_json(const catalog::Restriction& restriction) {
  json::Object object;
  object.set("id", std::to_string(restriction.id));
  object.set("project", std::to_string(restriction.project.value));
  object.set_text("action", to_string(restriction.action));
  object.set_text("distinct_id", restriction.distinct_id);
  object.set_text("event", restriction.event);
  object.set_text("created_at", event::format_rfc3339(restriction.created_at));
  return object.to_json();
}

http::Response answer(int status, Result<std::string> body) {
  return body ? http::Response::json(status, *std::move(body)) : api_error(body.error());
}

// The rows of what accept says that was used; nothing when it did not answer.
std::optional<std::vector<json::Object>> usage_rows(const std::optional<std::string>& usage) {
  const auto report = usage ? json::Object::parse(*usage) : Result<json::Object>(fail({}, ""));
  if (!report) return std::nullopt;
  const auto items = json::split_array(report->find("usage").value_or("[]"));
  if (!items) return std::nullopt;
  std::vector<json::Object> rows;
  for (const std::string_view item : *items) {
    if (auto row = json::Object::parse(item)) rows.push_back(*std::move(row));
  }
  return rows;
}

// What of it belongs to a quota.
std::optional<int64_t> used_of(const catalog::Quota& quota,
                               const std::optional<std::vector<json::Object>>& rows) {
  if (!rows) return std::nullopt;
  for (const json::Object& row : *rows) {
    if (row.find_text("resource") != to_string(quota.resource)) continue;
    if (codec::parse_integer(row.find("project").value_or("")) != quota.project.value) continue;
    return codec::parse_integer(row.find(to_string(quota.period)).value_or(""));
  }
  return 0;
}

}  // namespace

size_t QuotaRoutes::body_bytes_max(const http::RequestHead&) const {
  return rule_body_bytes_max;
}

io::Task<http::Response> QuotaRoutes::handle(http::Request request) {
  const http::RequestHead& head = *request.head;
  if (head.method == http::Method::get) co_return answer(200, co_await list());
  if (head.method == http::Method::post) {
    co_return answer(201, co_await set(std::string(as_text(request.body))));
  }
  co_return answer(200, co_await remove(std::string(head.path)));
}

io::Task<Result<std::string>> QuotaRoutes::list() {
  MR_CO_TRY(const catalog::Snapshot snapshot, co_await catalog_.snapshot());
  std::optional<std::string> usage;
  const Instant deadline = world_.clock.now() + accept_patience;
  auto told = co_await http::fetch(world_.network, accept_, {.target = "/usage"}, deadline);
  if (told && told->status == 200) usage = std::move(told->body);
  const auto rows = usage_rows(usage);
  std::string body = "{\"quotas\":[";
  for (const catalog::Quota& quota : snapshot.quotas()) {
    json::Object object;
    object.set("project", std::to_string(quota.project.value));
    object.set_text("resource", to_string(quota.resource));
    object.set_text("period", to_string(quota.period));
    object.set("limit", std::to_string(quota.limit));
    const auto used = used_of(quota, rows);
    object.set("used", used ? std::to_string(*used) : "null");
    if (body.back() != '[') body += ",";
    body += object.to_json();
  }
  co_return body + "]}";
}

io::Task<Result<std::string>> QuotaRoutes::set(std::string body) {
  MR_CO_TRY(const json::Object object, json::Object::parse(body));
  catalog::Quota quota;
  MR_CO_TRY(quota.project, project_of(object));
  MR_CO_TRY(quota.resource, resource_named(object.find_text("resource").value_or("")));
  const auto period = catalog::period_of(object.find_text("period").value_or("month"));
  if (!period) co_return invalid("\"period\" is day or month");
  quota.period = *period;
  const auto limit = codec::parse_integer(object.find("limit").value_or(""));
  if (!limit) co_return invalid("\"limit\" is a number from 0 on");
  quota.limit = *limit;
  MR_CO_CHECK(co_await catalog_.set_quota(quota));
  co_return object.to_json();
}

io::Task<Result<std::string>> QuotaRoutes::remove(std::string path) {
  const std::string_view place = below(path, quotas_path);
  const size_t slash = std::min(place.find('/'), place.size());
  const auto project = codec::parse_integer(place.substr(0, slash));
  if (!project) co_return invalid("the path is /api/quotas/PROJECT/RESOURCE");
  MR_CO_TRY(const auto resource, resource_named(place.substr(std::min(slash + 1, place.size()))));
  MR_CO_CHECK(co_await catalog_.remove_quota(ProjectId(*project), resource));
  co_return std::string("{}");
}

size_t RestrictionRoutes::body_bytes_max(const http::RequestHead&) const {
  return rule_body_bytes_max;
}

io::Task<http::Response> RestrictionRoutes::handle(http::Request request) {
  const http::RequestHead& head = *request.head;
  if (head.method == http::Method::get) co_return answer(200, co_await list());
  if (head.method == http::Method::post) {
    co_return answer(201, co_await add(std::string(as_text(request.body))));
  }
  co_return answer(200, co_await remove(std::string(head.path)));
}

io::Task<Result<std::string>> RestrictionRoutes::list() {
  MR_CO_TRY(const catalog::Snapshot snapshot, co_await catalog_.snapshot());
  std::string body = "{\"restrictions\":[";
  for (const catalog::Restriction& restriction : snapshot.restrictions()) {
    if (body.back() != '[') body += ",";
    body += restriction_json(restriction);
  }
  co_return body + "]}";
}

io::Task<Result<std::string>> RestrictionRoutes::add(std::string body) {
  MR_CO_TRY(const json::Object object, json::Object::parse(body));
  catalog::Restriction restriction;
  MR_CO_TRY(restriction.project, project_of(object));
  const auto action = catalog::restriction_action_of(object.find_text("action").value_or(""));
  if (!action) co_return invalid("\"action\" is drop, overflow, skip_person or dead_letter");
  restriction.action = *action;
  restriction.distinct_id = object.find_text("distinct_id").value_or("");
  restriction.event = object.find_text("event").value_or("");
  MR_CO_TRY(restriction, co_await catalog_.add_restriction(std::move(restriction)));
  co_return restriction_json(restriction);
}

io::Task<Result<std::string>> RestrictionRoutes::remove(std::string path) {
  const auto id = codec::parse_integer(below(path, restrictions_path));
  if (!id) co_return invalid("the path is /api/restrictions/ID");
  MR_CO_CHECK(co_await catalog_.remove_restriction(*id));
  co_return std::string("{}");
}

}  // namespace mr::serve
