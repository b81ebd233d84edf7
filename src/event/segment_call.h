#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mr::event {

// The calls of Segment's HTTP API, and what each becomes.
enum class SegmentCall : uint8_t { track, page, screen, identify, group, alias };

// By the `type` of an item; `merge` (RudderStack's word) is alias.
std::optional<SegmentCall> segment_call_of_type(std::string_view type);

// The `type` that stands for it ("track").
std::string_view to_string(SegmentCall call);

// The name of the event that a call becomes; nothing for track, which has its own.
std::string_view segment_event_name(SegmentCall call);

}  // namespace mr::event
