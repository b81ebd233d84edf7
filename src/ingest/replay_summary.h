#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong.h"
#include "base/time.h"
#include "codec/uuid.h"
#include "event/envelope.h"
#include "event/recording.h"

namespace mr::ingest {

// What one captured request of a recording holds, as counts: its snapshots are rrweb's events
// (contract: ingestion sections 5.8 and 10). Snapshots whose `timestamp` is no time within
// replay_time_off_max of the arrival count, but do not move first and last.
struct ReplaySummary {
  WallTime first;
  WallTime last;
  std::vector<std::string> urls;  // distinct, in order, at most replay_urls_max
  int64_t clicks = 0;
  int64_t key_presses = 0;
  int64_t mouse_activities = 0;
  int64_t active_millis = 0;
  int64_t console_logs = 0;
  int64_t console_warnings = 0;
  int64_t console_errors = 0;
  int64_t bytes = 0;  // of the snapshots as they were sent, unpacked
  int64_t events = 0;
};

inline constexpr Millis replay_time_off_max{7LL * 24 * 3600 * 1000};
inline constexpr size_t replay_urls_max = 25;
inline constexpr size_t replay_url_characters_max = 4096;
inline constexpr size_t replay_name_characters_max = 1000;
// What a person does counts as one activity while the pauses in it are no longer.
inline constexpr Millis replay_pause_max{5'000};

// `fallback` is the first and last time of a recording without any usable one. On the web a click
// is rrweb's click; mobile libraries record touches only, whose end is the click.
ReplaySummary summarise_replay(std::span<const std::string_view> snapshots, bool is_mobile,
                               WallTime arrival, WallTime fallback);

// Where a record lies, for the column `block_url`: "log://captured.replay/0/123".
std::string replay_block_url(std::string_view topic, int32_t partition, Offset offset);

// A row of session_replay_blocks as a JSON object.
std::string replay_row_json(const event::Envelope& envelope, const event::RecordingContext& context,
                            const ReplaySummary& summary, ProjectId project,
                            std::string_view block_url);

}  // namespace mr::ingest
