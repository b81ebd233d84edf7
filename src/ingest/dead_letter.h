#pragma once

#include <string_view>

#include "base/time.h"
#include "state/state_store.h"
#include "stream/stream.h"

namespace mr::ingest {

// A record that cannot be worked on, for the topic dead_letters: as it was, and in headers why and
// where it lay.
state::OutboxRow dead_letter_row(const stream::Record& record, std::string_view topic,
                                 int32_t partition, std::string_view reason, std::string_view error,
                                 WallTime now);

// The same for offsets that the log can no longer show: without a payload, with the last of them.
state::OutboxRow damage_letter_row(const stream::DamagedRange& range, std::string_view topic,
                                   int32_t partition, WallTime now);
// Under what they are counted.
std::string_view damage_reason(const stream::DamagedRange& range);

}  // namespace mr::ingest
