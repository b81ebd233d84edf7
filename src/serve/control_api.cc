#include "serve/control_api.h"

#include "codec/integer.h"
#include "codec/json_object.h"
#include "codec/percent.h"
#include "event/timestamp.h"
#include "http/client.h"
#include "io/clock.h"
#include "io/world.h"
#include "serve/api_error.h"
#include "serve/query_handler.h"
#include "serve/replay_routes.h"
#include "serve/tail.h"
#include "serve/traffic_routes.h"

namespace mr::serve {

namespace {

constexpr size_t project_body_bytes_max = 16 * 1024;
// Longer than any query may run: the store's own limit answers first.
constexpr Millis query_patience{600'000};

std::string project_json(const catalog::Project& project) {
  json::Object object;
  object.set("id", std::to_string(project.id.value));
  object.set_text("name", project.name);
  object.set_text("token", project.token);
  object.set_text("created_at", event::format_rfc3339(project.created_at));
  return object.to_json();
}

class StatusRoute final : public http::Handler {
 public:
  explicit StatusRoute(StatusSources sources) : sources_(std::move(sources)) {}
  size_t body_bytes_max(const http::RequestHead&) const override { return 0; }
  io::Task<http::Response> handle(http::Request) override {
    auto report = co_await status_report(sources_);
    if (!report) co_return api_error(report.error());
    co_return http::Response::json(200, std::move(*report));
  }
  io::World& world() { return sources_.world; }
  stream::Log& log() { return sources_.log; }

 private:
  StatusSources sources_;
};

class ListProjects final : public http::Handler {
 public:
  explicit ListProjects(catalog::Catalog& catalog) : catalog_(catalog) {}
  size_t body_bytes_max(const http::RequestHead&) const override { return 0; }
  io::Task<http::Response> handle(http::Request) override {
    const auto projects = co_await catalog_.list_projects();
    if (!projects) co_return api_error(projects.error());
    std::string body = "{\"projects\":[";
    for (const catalog::Project& project : *projects) {
      if (body.back() != '[') body += ",";
      body += project_json(project);
    }
    co_return http::Response::json(200, body + "]}");
  }

 private:
  catalog::Catalog& catalog_;
};

class AddProject final : public http::Handler {
 public:
  explicit AddProject(catalog::Catalog& catalog) : catalog_(catalog) {}
  size_t body_bytes_max(const http::RequestHead&) const override { return project_body_bytes_max; }
  io::Task<http::Response> handle(http::Request request) override {
    const auto body = json::Object::parse(as_text(request.body));
    if (!body) co_return api_error(body.error());
    const auto name = body->find_text("name");
    if (!name)
      co_return api_error(Error(ErrorCode::invalid_input, "the body needs a text \"name\""));
    auto added = co_await catalog_.add_project(*name, body->find_text("token").value_or(""));
    if (!added) co_return api_error(added.error());
    co_return http::Response::json(201, project_json(*added));
  }

 private:
  catalog::Catalog& catalog_;
};

// Hands the query to the store process. A socket that nobody answers means that the process is
// being started again.
class RelayQuery final : public http::Handler {
 public:
  RelayQuery(io::World& world, io::Address store) : world_(world), store_(std::move(store)) {}
  size_t body_bytes_max(const http::RequestHead&) const override { return query_body_bytes_max; }
  io::Task<http::Response> handle(http::Request request) override {
    http::ClientRequest query{.method = "POST",
                              .target = "/query",
                              .header_lines = {},
                              .body = std::string(as_text(request.body))};
    const Instant deadline = world_.clock.now() + query_patience;
    auto answer = co_await http::ResponseStream::open(world_.network, store_, query, deadline);
    if (!answer) {
      co_return api_error(Error(
          ErrorCode::busy,
          "the warehouse is not ready: " + answer.error().message() + "; try again in a moment"));
    }
    const int status = (*answer)->status();
    const std::string content_type((*answer)->header("content-type"));
    co_return http::Response::stream(status, content_type, std::move(*answer));
  }

 private:
  io::World& world_;
  io::Address store_;
};

Result<TailRequest> parse_tail(std::string_view query) {
  TailRequest request;
  const auto fields = codec::parse_form(query);
  const std::string* topic = codec::find_field(fields, "topic");
  const std::string* follow = codec::find_field(fields, "follow");
  request.pattern = topic != nullptr ? *topic : "*";
  request.follow = follow != nullptr && *follow == "1";
  if (const std::string* from = codec::find_field(fields, "from")) {
    const auto offset = codec::parse_integer(*from);
    if (!offset || *offset < 0) {
      return fail(ErrorCode::invalid_input, "\"from\" is an offset: a number from 0 on");
    }
    request.from = Offset(*offset);
  }
  if (const std::string* from_time = codec::find_field(fields, "from_time")) {
    request.from_time = event::parse_timestamp(*from_time);
    if (!request.from_time) {
      return fail(ErrorCode::invalid_input, "\"from_time\" is a time: write 2026-01-31T12:00:00Z");
    }
  }
  return request;
}

io::Address socket_of(const StatusSources& sources, std::string_view process) {
  for (const auto& [name, socket] : sources.processes) {
    if (name == process) return socket;
  }
  return {};
}

class TailRoute final : public http::Handler {
 public:
  TailRoute(io::World& world, stream::Log& log) : world_(world), log_(log) {}
  size_t body_bytes_max(const http::RequestHead&) const override { return 0; }
  io::Task<http::Response> handle(http::Request request) override {
    auto tail = parse_tail(request.head->query);
    if (!tail) co_return api_error(tail.error());
    auto source = co_await TailSource::open(world_, log_, std::move(*tail));
    if (!source) co_return api_error(source.error());
    co_return http::Response::stream(200, "application/x-ndjson", std::move(*source));
  }

 private:
  io::World& world_;
  stream::Log& log_;
};

}  // namespace

struct ControlApi::Routes {
  Routes(StatusSources sources, catalog::Catalog& catalog, io::Address store)
      : quotas(sources.world, catalog, socket_of(sources, "accept")),
        restrictions(catalog),
        status(std::move(sources)),
        list_projects(catalog),
        add_project(catalog),
        query(status.world(), store),
        tail(status.world(), status.log()),
        replay(status.world(), status.log(), std::move(store)) {}
  QuotaRoutes quotas;
  RestrictionRoutes restrictions;
  StatusRoute status;
  ListProjects list_projects;
  AddProject add_project;
  RelayQuery query;
  TailRoute tail;
  ReplayRoutes replay;
};

ControlApi::ControlApi(StatusSources sources, catalog::Catalog& catalog, io::Address store_socket)
    : routes_(std::make_unique<Routes>(std::move(sources), catalog, std::move(store_socket))) {
  router_.add(http::Method::get, "/api/status", routes_->status)
      .add(http::Method::get, "/api/projects", routes_->list_projects)
      .add(http::Method::post, "/api/projects", routes_->add_project)
      .add(http::Method::post, "/api/query", routes_->query)
      .add(http::Method::get, "/api/tail", routes_->tail)
      .add(http::Method::get, "/api/quotas", routes_->quotas)
      .add(http::Method::post, "/api/quotas", routes_->quotas)
      .add(http::Method::remove, "/api/quotas/*", routes_->quotas)
      .add(http::Method::get, "/api/restrictions", routes_->restrictions)
      .add(http::Method::post, "/api/restrictions", routes_->restrictions)
      .add(http::Method::remove, "/api/restrictions/*", routes_->restrictions)
      .add(http::Method::get, "/api/replay/sessions/*", routes_->replay);
}

ControlApi::~ControlApi() = default;

}  // namespace mr::serve
