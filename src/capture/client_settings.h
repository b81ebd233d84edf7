#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/snapshot.h"
#include "http/response.h"
#include "io/random.h"
#include "io/world.h"

namespace mr::capture {

class ProjectFinder;

// What client libraries ask for before they send, or beside it: remote configuration, feature
// flags, surveys, Segment's and RudderStack's settings of a source. We have no flags and no
// surveys: the answers say so in the words that make the libraries go on, and stay quiet
// (capture-api contract, sections 9 and 10). Nothing is stored.

// Whether the path, without its trailing slash, is one of these.
bool is_client_settings_path(std::string_view path);

class ClientSettings {
 public:
  // `projects` outlives this. `recorded` are the tokens of those whose browsers are told to record
  // sessions, or "*" for all.
  ClientSettings(io::World world, const ProjectFinder& projects, std::vector<std::string> recorded)
      : world_(world), projects_(projects), recorded_(std::move(recorded)) {}

  // The answer to a request whose path is_client_settings_path(). 401 or 404 by the library's
  // custom when no project has the token, 405 for other methods, 400 for a body that is no JSON.
  http::Response answer(const http::Request& request) const;

 private:
  http::Response remote_config(std::string_view path) const;
  http::Response flags(const http::Request& request, bool decide) const;
  http::Response segment_settings(const http::Request& request, std::string_view token) const;
  http::Response rudder_source(std::string_view token) const;
  std::string request_id() const;
  bool records_sessions(std::string_view token) const;

  io::World world_;
  const ProjectFinder& projects_;
  std::vector<std::string> recorded_;
};

}  // namespace mr::capture
