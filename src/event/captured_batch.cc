#include "event/captured_batch.h"

#include "event/event_names.h"

namespace mr::event {

std::string_view to_string(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::empty_payload:
      return "empty_payload";
    case RefusalReason::not_form:
      return "not_form";
    case RefusalReason::damaged_gzip:
      return "damaged_gzip";
    case RefusalReason::not_gzip:
      return "not_gzip";
    case RefusalReason::damaged_lz_string:
      return "damaged_lz_string";
    case RefusalReason::unsupported_encoding:
      return "unsupported_encoding";
    case RefusalReason::decompressed_too_large:
      return "decompressed_too_large";
    case RefusalReason::not_utf8:
      return "not_utf8";
    case RefusalReason::not_json:
      return "not_json";
    case RefusalReason::empty_batch:
      return "empty_batch";
    case RefusalReason::too_many_events:
      return "too_many_events";
    case RefusalReason::event_too_large:
      return "event_too_large";
    case RefusalReason::invalid_event:
      return "invalid_event";
    case RefusalReason::missing_event_name:
      return "missing_event_name";
    case RefusalReason::missing_distinct_id:
      return "missing_distinct_id";
    case RefusalReason::invalid_uuid:
      return "invalid_uuid";
    case RefusalReason::missing_token:
      return "missing_token";
    case RefusalReason::inconsistent_tokens:
      return "inconsistent_tokens";
    case RefusalReason::malformed_token:
      return "malformed_token";
    case RefusalReason::missing_headers:
      return "missing_headers";
    case RefusalReason::invalid_header:
      return "invalid_header";
    case RefusalReason::unsupported_content_type:
      return "unsupported_content_type";
    case RefusalReason::damaged_body:
      return "damaged_body";
    case RefusalReason::invalid_batch:
      return "invalid_batch";
    case RefusalReason::missing_uuid:
      return "missing_uuid";
    case RefusalReason::duplicate_uuid:
      return "duplicate_uuid";
    case RefusalReason::invalid_session_id:
      return "invalid_session_id";
    case RefusalReason::missing_snapshot_data:
      return "missing_snapshot_data";
    case RefusalReason::not_ai_event:
      return "not_ai_event";
    case RefusalReason::not_multipart:
      return "not_multipart";
    case RefusalReason::unexpected_part:
      return "unexpected_part";
    case RefusalReason::not_protobuf:
      return "not_protobuf";
  }
  return "unknown";
}

std::string_view to_string(DropReason reason) {
  switch (reason) {
    case DropReason::performance_event:
      return "performance_event";
    case DropReason::over_batch_count:
      return "over_batch_count";
    case DropReason::segment_unknown_type:
      return "segment_unknown_type";
    case DropReason::segment_missing_id:
      return "segment_missing_id";
    case DropReason::segment_missing_name:
      return "segment_missing_name";
    case DropReason::segment_invalid_item:
      return "segment_invalid_item";
    case DropReason::missing_event_name:
      return "missing_event_name";
    case DropReason::event_name_too_long:
      return "event_name_too_long";
    case DropReason::missing_distinct_id:
      return "missing_distinct_id";
    case DropReason::distinct_id_too_large:
      return "distinct_id_too_large";
    case DropReason::invalid_event_timestamp:
      return "invalid_event_timestamp";
    case DropReason::malformed_event_properties:
      return "malformed_event_properties";
    case DropReason::invalid_options:
      return "invalid_options";
    case DropReason::cookieless_mode_required:
      return "cookieless_mode_required";
    case DropReason::event_too_big:
      return "event_too_big";
    case DropReason::ai_event_too_big:
      return "ai_event_too_big";
    case DropReason::misrouted_event:
      return "misrouted_event";
    case DropReason::not_ai_span:
      return "not_ai_span";
    case DropReason::too_many_attributes:
      return "too_many_attributes";
    case DropReason::over_request_work:
      return "over_request_work";
    case DropReason::restricted:
      return "restricted";
    case DropReason::quota_events:
      return "quota_events";
    case DropReason::quota_exceptions:
      return "quota_exceptions";
    case DropReason::quota_recordings:
      return "quota_recordings";
    case DropReason::quota_ai:
      return "quota_ai";
  }
  return "unknown";
}

size_t CaptureLimits::bytes_max_of(std::string_view event) const {
  return is_ai_event(event) ? ai_event_bytes_max : event_bytes_max;
}

void CapturedBatch::drop(const CapturedEvent& captured, DropReason reason) {
  ++count(reason);
  if (captured.report) reports[*captured.report].dropped = reason;
}

void CapturedBatch::make_personless(CapturedEvent& captured) {
  captured.envelope.personless = true;
  if (captured.report) reports[*captured.report].personless = true;
}

}  // namespace mr::event
