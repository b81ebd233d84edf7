#include "capture/record_set.h"

#include "event/envelope.h"

namespace mr::capture {

RecordSet::RecordSet(const event::CapturedBatch& batch) {
  size_t bytes_max = 0;
  for (const event::CapturedEvent& captured : batch.events) {
    bytes_max += event::record_key_bytes_max(captured.envelope) +
                 event::envelope_bytes_max(captured.envelope);
  }
  memory_ = std::make_unique_for_overwrite<uint8_t[]>(bytes_max);
  uint8_t* next = memory_.get();
  size_t left = batch.events.size();
  for (const event::CapturedEvent& captured : batch.events) {
    uint8_t* const key = next;
    uint8_t* const envelope = event::write_record_key(captured.envelope, key);
    const auto form =
        captured.forced_overflow ? event::EnvelopeForm::whole : event::EnvelopeForm::beside_key;
    next = event::write_envelope(captured.envelope, form, envelope);
    stream::RecordView record;
    record.timestamp = captured.envelope.arrival;
    if (!captured.forced_overflow) record.key = ByteView(key, envelope);
    record.value = as_bytes(captured.raw);
    record.headers.push_back({event::envelope_header, ByteView(envelope, next)});
    if (captured.dead_letter) {
      record.headers.push_back({event::restricted_header, as_bytes(event::restricted_header)});
    }
    value_bytes_ += record.value.size();
    records_of(captured.lane, left--).push_back(std::move(record));
  }
}

// A request's events are mostly of one lane: a list is quicker than a table.
std::vector<stream::RecordView>& RecordSet::records_of(event::Lane lane, size_t expected) {
  for (LaneRecords& present : lanes_) {
    if (present.lane == lane) return present.records;
  }
  lanes_.push_back({lane, {}});
  lanes_.back().records.reserve(expected);
  return lanes_.back().records;
}

}  // namespace mr::capture
