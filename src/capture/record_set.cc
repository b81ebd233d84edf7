#include "capture/record_set.h"

#include "event/envelope.h"

namespace mr::capture {
namespace {

// An upper estimate of an envelope beside its texts.
constexpr size_t envelope_fixed_bytes_max = 96;

}  // namespace

RecordSet::RecordSet(const event::CapturedBatch& batch) {
  size_t estimate = 0;
  for (const event::CapturedEvent& captured : batch.events) {
    const event::Envelope& envelope = captured.envelope;
    estimate += envelope_fixed_bytes_max + envelope.event.size() +
                2 * (envelope.distinct_id.size() + envelope.token.size() + envelope.ip.size()) +
                envelope.context.size();
  }
  memory_.reserve(estimate);

  struct Piece {
    size_t key_begin;
    size_t key_end;
    size_t envelope_end;
  };
  std::vector<Piece> pieces;
  pieces.reserve(batch.events.size());
  for (const event::CapturedEvent& captured : batch.events) {
    const size_t key_begin = memory_.size();
    append(memory_, as_bytes(event::record_key(captured.envelope)));
    const size_t key_end = memory_.size();
    event::encode_envelope(captured.envelope, memory_);
    pieces.push_back({key_begin, key_end, memory_.size()});
  }

  // Views only now: the memory has come to rest.
  const ByteView memory(memory_);
  for (size_t i = 0; i < batch.events.size(); ++i) {
    const event::CapturedEvent& captured = batch.events[i];
    const Piece& piece = pieces[i];
    stream::RecordView record;
    record.timestamp = captured.envelope.arrival;
    if (!captured.forced_overflow) {
      record.key = memory.subspan(piece.key_begin, piece.key_end - piece.key_begin);
    }
    record.value = as_bytes(captured.raw);
    record.headers.push_back({event::envelope_header,
                              memory.subspan(piece.key_end, piece.envelope_end - piece.key_end)});
    if (captured.dead_letter) {
      record.headers.push_back({event::restricted_header, as_bytes(event::restricted_header)});
    }
    value_bytes_ += record.value.size();
    records_of(captured.lane, batch.events.size() - i).push_back(std::move(record));
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
