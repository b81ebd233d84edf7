#include "capture/static_files.h"

#include <algorithm>
#include <optional>

#include "codec/crc32c.h"
#include "codec/hex.h"

namespace mr::capture {
namespace {

constexpr uint64_t script_bytes_max = 8u * 1024 * 1024;

struct Place {
  std::string version;  // may be empty
  std::string name;
};

// A step of a path that cannot lead anywhere else.
bool is_plain(std::string_view step) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !step.empty() && step.front() != '.' &&
         step.find_first_not_of(allowed) == std::string_view::npos;
}

std::optional<Place> place_of(std::string_view path) {
  constexpr std::string_view prefix = "/static/";
  constexpr std::string_view ending = ".js";
  if (!path.starts_with(prefix) || !path.ends_with(ending)) return std::nullopt;
  path.remove_prefix(prefix.size());
  const size_t slash = path.find('/');
  const bool versioned = slash != std::string_view::npos;
  const std::string_view name = versioned ? path.substr(slash + 1) : path;
  const std::string_view version = versioned ? path.substr(0, slash) : std::string_view();
  if (!is_plain(name) || (versioned && !is_plain(version))) return std::nullopt;
  return Place{std::string(version), std::string(name)};
}

std::string entity_tag(const Bytes& contents) {
  return "\"" + std::to_string(codec::crc32c(contents)) + "-" + std::to_string(contents.size()) +
         "\"";
}

}  // namespace

bool StaticFiles::is_path(std::string_view path) {
  return place_of(path).has_value();
}

io::Task<Result<Bytes>> StaticFiles::read(std::string version, std::string name) const {
  if (!version.empty()) {
    auto versioned =
        co_await io::read_whole_file(disk_, folder_ + "/" + version + "/" + name, script_bytes_max);
    if (versioned) co_return versioned;
  }
  co_return co_await io::read_whole_file(disk_, folder_ + "/" + name, script_bytes_max);
}

io::Task<http::Response> StaticFiles::answer(http::Request request) const {
  const auto place = place_of(request.head->path);
  if (folder_.empty() || !place) {
    co_return http::Response::text(404, "no scripts are served here (capture.static_folder)");
  }
  const auto contents = co_await read(place->version, place->name);
  if (!contents) co_return http::Response::text(404, "there is no such script");
  const std::string tag = entity_tag(*contents);
  http::Response response(request.head->header_or_empty("if-none-match") == tag ? 304 : 200);
  response.add_header("etag", tag);
  response.add_header("cache-control", "public, max-age=3600");
  if (response.status == 304) co_return response;
  response.add_header("content-type", "application/javascript; charset=utf-8");
  response.body = as_text(*contents);
  co_return response;
}

}  // namespace mr::capture
