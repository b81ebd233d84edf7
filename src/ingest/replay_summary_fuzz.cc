#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "codec/json_object.h"
#include "ingest/replay_summary.h"

// The input is the value of a captured recording. Whatever it is: if it has snapshots, their
// summary is within its bounds and makes a well-formed row.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mr;
  const std::string_view value = as_text({data, size});
  if (!json::is_valid(value)) return 0;
  const auto snapshots = event::snapshots_of(value);
  if (!snapshots) return 0;
  constexpr WallTime arrival{1'767'323'045'678};
  const auto summary = ingest::summarise_replay(*snapshots, size % 2 == 0, arrival, arrival);
  MR_ASSERT(summary.events == static_cast<int64_t>(snapshots->size()));
  MR_ASSERT(summary.first <= summary.last);
  MR_ASSERT(summary.last - arrival <= ingest::replay_time_off_max);
  MR_ASSERT(arrival - summary.first <= ingest::replay_time_off_max);
  MR_ASSERT(summary.urls.size() <= ingest::replay_urls_max);
  MR_ASSERT(summary.active_millis >= 0);
  const std::string row = ingest::replay_row_json({}, {"s", "w", "web", "web", {}}, summary,
                                                  ProjectId(1), "log://captured.replay/0/1");
  MR_ASSERT(json::is_valid(row));
  return 0;
}
