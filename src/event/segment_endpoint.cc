#include "event/segment_endpoint.h"

#include <array>
#include <utility>

namespace mr::event {
namespace {

// The rest of the path behind the prefix, without a slash at its end; empty when it begins
// otherwise.
std::string_view behind(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return {};
  path.remove_prefix(prefix.size());
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

// By its name or its first letter.
std::optional<SegmentCall> call_of_step(std::string_view step) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> letters = {
      {{"t", "track"},
       {"i", "identify"},
       {"p", "page"},
       {"s", "screen"},
       {"g", "group"},
       {"a", "alias"}}};
  for (const auto& [letter, name] : letters) {
    if (step == letter) step = name;
  }
  return segment_call_of_type(step);
}

// A call, or the one whose type is in the body.
std::optional<SegmentEndpoint> single(std::string_view step) {
  if (step == "event" || step == "e") return SegmentEndpoint{.type_in_body = true};
  const auto call = call_of_step(step);
  if (!call) return std::nullopt;
  return SegmentEndpoint{.call = call};
}

}  // namespace

std::optional<SegmentEndpoint> segment_endpoint_of_path(std::string_view path) {
  const std::string_view step = behind(path, "/v1/");
  if (step == "batch" || step == "b") return SegmentEndpoint{};
  if (step == "import") return SegmentEndpoint{.is_import = true};
  const auto call = call_of_step(step);
  if (!call) return std::nullopt;
  return SegmentEndpoint{.call = call};
}

std::optional<SegmentEndpoint> rudder_endpoint_of_path(std::string_view path) {
  if (behind(path, "/beacon/v1/") == "batch") return SegmentEndpoint{.from_device = true};
  const std::string_view step = behind(path, "/pixel/v1/");
  if (step != "track" && step != "page") return std::nullopt;
  return SegmentEndpoint{.call = segment_call_of_type(step), .is_pixel = true, .from_device = true};
}

std::optional<SegmentEndpoint> jitsu_endpoint_of_path(std::string_view path) {
  const std::string_view root = behind(path, "/");
  if (root == "batch" || root == "b") return SegmentEndpoint{};
  if (const std::string_view step = behind(path, "/api/px/"); !step.empty()) {
    auto endpoint = single(step);
    if (endpoint) endpoint->is_pixel = endpoint->from_device = endpoint->overrides_ip = true;
    return endpoint;
  }
  if (const std::string_view step = behind(path, "/api/s/s2s/"); !step.empty()) {
    auto endpoint = step == "batch" ? SegmentEndpoint{} : single(step);
    if (endpoint) endpoint->from_server = true;
    return endpoint;
  }
  auto endpoint = single(behind(path, "/api/s/"));
  if (endpoint) endpoint->from_device = endpoint->overrides_ip = true;
  return endpoint;
}

}  // namespace mr::event
