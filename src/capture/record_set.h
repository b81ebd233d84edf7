#pragma once

#include <memory>
#include <vector>

#include "capture/lane_appender.h"
#include "event/captured_batch.h"
#include "stream/stream.h"

namespace mr::capture {

// The records of one accepted request by their lanes (docs/formats/captured.md): key, the client's
// bytes as they are, and the envelope. Owns what the views need beside the batch,
// which must outlive it.
class RecordSet {
 public:
  explicit RecordSet(const event::CapturedBatch& batch);
  RecordSet(const RecordSet&) = delete;
  RecordSet& operator=(const RecordSet&) = delete;

  // The views; they live as long as this object and the batch.
  std::vector<LaneRecords> take() { return std::move(lanes_); }
  // Bytes of the values.
  size_t value_bytes() const { return value_bytes_; }

 private:
  std::vector<stream::RecordView>& records_of(event::Lane lane, size_t expected);

  std::unique_ptr<uint8_t[]> memory_;  // keys and envelopes, one allocation for all
  std::vector<LaneRecords> lanes_;
  size_t value_bytes_ = 0;
};

}  // namespace mr::capture
