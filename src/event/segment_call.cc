#include "event/segment_call.h"

namespace mr::event {

std::optional<SegmentCall> segment_call_of_type(std::string_view type) {
  if (type == "track") return SegmentCall::track;
  if (type == "page") return SegmentCall::page;
  if (type == "screen") return SegmentCall::screen;
  if (type == "identify") return SegmentCall::identify;
  if (type == "group") return SegmentCall::group;
  if (type == "alias" || type == "merge") return SegmentCall::alias;
  return std::nullopt;
}

std::string_view to_string(SegmentCall call) {
  switch (call) {
    case SegmentCall::track:
      return "track";
    case SegmentCall::page:
      return "page";
    case SegmentCall::screen:
      return "screen";
    case SegmentCall::identify:
      return "identify";
    case SegmentCall::group:
      return "group";
    case SegmentCall::alias:
      return "alias";
  }
  return {};
}

std::string_view segment_event_name(SegmentCall call) {
  switch (call) {
    case SegmentCall::track:
      return {};
    case SegmentCall::page:
      return "$pageview";
    case SegmentCall::screen:
      return "$screen";
    case SegmentCall::identify:
      return "$identify";
    case SegmentCall::group:
      return "$groupidentify";
    case SegmentCall::alias:
      return "$create_alias";
  }
  return {};
}

}  // namespace mr::event
