#include "capture/large_recording.h"

#include "event/recording.h"

namespace mr::capture {

bool is_large_recording(const event::CapturedBatch& batch) {
  if (batch.events.size() != 1) return false;
  const event::CapturedEvent& only = batch.events.front();
  return only.envelope.dialect == event::Dialect::replay &&
         only.raw.size() > event::recording_plain_bytes_max;
}

io::Task<void> pack_large_recording(io::Worker& worker, event::CapturedBatch& batch) {
  event::CapturedEvent& recording = batch.events.front();
  std::string packed =
      co_await worker.run([raw = recording.raw] { return event::pack_recording(raw); });
  batch.body = std::make_unique<const std::string>(std::move(packed));
  recording.raw = *batch.body;
  recording.envelope.packed = true;
}

}  // namespace mr::capture
