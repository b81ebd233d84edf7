#pragma once

#include "event/captured_batch.h"
#include "io/task.h"
#include "io/worker.h"

namespace mr::capture {

// Whether the batch is a recording that no record of the log holds as it was sent.
bool is_large_recording(const event::CapturedBatch& batch);

// Packs it (event/recording.h) on the worker, since that takes a second; what was sent is freed.
io::Task<void> pack_large_recording(io::Worker& worker, event::CapturedBatch& batch);

}  // namespace mr::capture
