#pragma once

#include <coroutine>
#include <optional>
#include <vector>

#include "log/batch_builder.h"
#include "log/partition_writer.h"

namespace mr::log {

// One batch on its way to the disk, and who waits for it.
struct PartitionWriter::Commit {
  BatchBuilder batch;
  std::vector<Ticket*> tickets;
  size_t queued_bytes = 0;
  size_t payload_bytes = 0;
  Offset base;
  bool answered = false;
  // Set when the batch is finished: for which use of which file, and for `base`.
  std::optional<SegmentUse> finished_for;
  ByteView finished;
  io::AlignedBuffer* outgoing = nullptr;  // which memory it goes to the device from

  // For the next batch; keeps its memory.
  void clear() {
    batch.clear();
    tickets.clear();
    queued_bytes = payload_bytes = 0;
    answered = false;
    finished_for.reset();
    outgoing = nullptr;
  }
};

// One append() that waits. Lives in its coroutine.
struct PartitionWriter::Ticket {
  int32_t first = 0;
  int32_t count = 0;
  std::coroutine_handle<> awaiting;
  std::optional<Result<stream::AppendedRange>> result;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) { awaiting = self; }
  Result<stream::AppendedRange> await_resume() { return std::move(*result); }
};

}  // namespace mr::log
