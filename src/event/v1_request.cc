#include "event/v1_request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/distinct_id.h"
#include "event/event_names.h"
#include "event/read_fields.h"
#include "event/request_fields.h"
#include "event/v1_event.h"

namespace mr::event {
namespace {

// What browsers send as distinct id when they may not keep one.
constexpr std::string_view cookieless_placeholder = "$posthog_cookieless";

// Ids that are a mistake of the sender's: a person of that id would be everybody.
constexpr std::array<std::string_view, 20> personless_ids = {
    "0",       "00000000-0000-0000-0000-000000000000",
    "null",    "[object object]",
    "nan",     "anonymous",
    "none",    "anonymous-user",
    "true",    "distinct_id",
    "false",   "distinctid",
    "id",      "not_authenticated",
    "email",   "undefined",
    "guest",   "system",
    "backend", "user"};

bool is_personless_id(std::string_view distinct_id) {
  const std::string lower = codec::lower_ascii(distinct_id);
  return std::ranges::find(personless_ids, lower) != personless_ids.end();
}

// The raw fields of one event, each empty when absent.
struct Item {
  std::string_view raw;
  std::string_view event;
  std::string_view uuid;
  std::string_view distinct_id;
  std::string_view timestamp;
  std::string_view options;
  std::string_view properties;
};

struct WalkedBatch {
  std::vector<Item> items;
  bool has_batch = false;
  bool too_many = false;
  std::string_view created_at;  // the rest: of the root, raw
  std::string_view historical;
  std::string_view capture_internal;
};

constexpr RawFields<Item, 6> item_fields = {{{"event", &Item::event},
                                             {"uuid", &Item::uuid},
                                             {"distinct_id", &Item::distinct_id},
                                             {"timestamp", &Item::timestamp},
                                             {"options", &Item::options},
                                             {"properties", &Item::properties}}};

void walk_items(json::Reader& reader, std::string_view text, size_t events_max,
                WalkedBatch& walked) {
  walked.has_batch = true;
  walked.items.clear();
  reader.enter_array();
  while (reader.next_item()) {
    if (walked.items.size() == events_max) {
      walked.too_many = true;
      return;
    }
    walked.items.push_back(read_fields<Item>(reader, text, item_fields));
  }
}

std::expected<WalkedBatch, Refusal> walk_batch(std::string_view text, size_t events_max) {
  if (!codec::is_valid_utf8(text)) {
    return refuse(400, RefusalReason::not_utf8, "the body is not valid UTF-8");
  }
  json::Reader reader(text);
  WalkedBatch walked;
  reader.enter_object();
  std::string_view key;
  while (!walked.too_many && reader.next_member(key)) {
    if (key == "batch" && reader.peek() == json::Kind::array) {
      walk_items(reader, text, events_max, walked);
    } else if (key == "created_at") {
      walked.created_at = reader.value();
    } else if (key == "historical_migration") {
      walked.historical = reader.value();
    } else if (key == "capture_internal") {
      walked.capture_internal = reader.value();
    } else {
      reader.value();
    }
  }
  if (walked.too_many) {
    return refuse(413, RefusalReason::too_many_events,
                  "the request holds more than " + std::to_string(events_max) + " events");
  }
  if (!reader.at_end()) {
    return refuse(400, RefusalReason::not_json,
                  "the body is not a valid JSON object: " + reader.error().message());
  }
  if (!walked.has_batch) {
    return refuse(400, RefusalReason::invalid_event, "the body has no array named batch");
  }
  return walked;
}

std::optional<WallTime> read_strict_time(std::string_view raw) {
  std::string scratch;
  if (!json::is_string(raw)) return std::nullopt;
  return parse_rfc3339(json::text_of(raw, scratch));
}

// Only a flag that is clearly set counts.
bool is_set(std::string_view raw) {
  std::optional<bool> flag;
  return read_v1_flag(raw, flag) && flag.value_or(false);
}

// The identifiers of all events, in their order; what is wrong with one refuses the request,
// because its event could not be reported.
std::expected<std::vector<codec::Uuid>, Refusal> read_uuids(const WalkedBatch& walked) {
  std::vector<codec::Uuid> uuids;
  uuids.reserve(walked.items.size());
  std::string scratch;
  for (const Item& item : walked.items) {
    if (json::kind_of(item.raw) != json::Kind::object) {
      return refuse(400, RefusalReason::invalid_event, "an event is not an object");
    }
    const std::string_view text = codec::trim(json::text_of(item.uuid, scratch));
    if (text.empty()) return refuse(400, RefusalReason::missing_uuid, "an event has no uuid");
    const auto uuid = codec::parse_uuid(text);
    if (!uuid)
      return refuse(400, RefusalReason::invalid_uuid, "the uuid of an event is not a UUID");
    uuids.push_back(*uuid);
  }
  std::vector<codec::Uuid> sorted = uuids;
  std::ranges::sort(sorted);
  if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end()) {
    return refuse(400, RefusalReason::duplicate_uuid,
                  "two events have the uuid " + codec::to_string(*twice));
  }
  return uuids;
}

std::optional<Refusal> check_batch(const WalkedBatch& walked) {
  if (walked.items.empty()) {
    return Refusal{400, RefusalReason::empty_batch, "the batch holds no events"};
  }
  if (!read_strict_time(walked.created_at)) {
    return Refusal{400, RefusalReason::invalid_batch, "created_at must be a time of RFC 3339"};
  }
  return std::nullopt;
}

// Makes captured events of items, or says why not; what all events of a request share.
class ItemFinisher {
 public:
  ItemFinisher(const V1Request& request, const V1RequestInfo& info, const WalkedBatch& walked)
      : request_(request),
        info_(info),
        historical_(is_set(walked.historical)),
        internal_(is_set(walked.capture_internal)) {}

  std::expected<CapturedEvent, DropReason> finish(const Item& item, const codec::Uuid& uuid) const {
    CapturedEvent captured;
    Envelope& envelope = captured.envelope;
    if (const auto problem = read_names(item, envelope)) return std::unexpected(*problem);
    const bool is_ai = is_ai_event(envelope.event);
    if (request_.ai_only && !is_ai) return std::unexpected(DropReason::misrouted_event);
    const auto given = read_strict_time(item.timestamp);
    if (!given) return std::unexpected(DropReason::invalid_event_timestamp);
    if (!is_absent_or(json::Kind::object, item.properties)) {
      return std::unexpected(DropReason::malformed_event_properties);
    }
    const auto options = read_v1_options(item.options);
    if (!options) return std::unexpected(DropReason::invalid_options);
    envelope.cookieless = options->cookieless_mode.value_or(false);
    if (envelope.distinct_id == cookieless_placeholder && !envelope.cookieless) {
      return std::unexpected(DropReason::cookieless_mode_required);
    }
    if (item.raw.size() > request_.limits.bytes_max_of(envelope.event)) {
      return std::unexpected(is_ai ? DropReason::ai_event_too_big : DropReason::event_too_big);
    }
    const bool corrects = !options->disable_skew_correction.value_or(false);
    const EventTime time = compute_v1_event_time(
        *given, corrects ? std::optional(info_.request_time) : std::nullopt, request_.now);
    captured.time_outcome = time.outcome;
    captured.raw = item.raw;
    envelope.dialect = Dialect::posthog_v1;
    envelope.uuid = uuid;
    envelope.token = info_.token;
    envelope.ip = is_internal(item) ? internal_ip : request_.client_ip;
    envelope.arrival = request_.now;
    envelope.sent_at = info_.request_time;
    envelope.timestamp = time.time;
    envelope.historical = historical_ && !is_never_historical(envelope.event);
    envelope.personless = is_personless_id(envelope.distinct_id);
    envelope.context = info_.library;
    return captured;
  }

 private:
  // Name and distinct id are read as texts; anything else counts as missing.
  static std::optional<DropReason> read_names(const Item& item, Envelope& envelope) {
    std::string scratch;
    envelope.event = json::text_of(item.event, scratch);
    if (envelope.event == performance_event) return DropReason::performance_event;
    if (envelope.event.empty()) return DropReason::missing_event_name;
    if (envelope.event.size() > v1_event_name_bytes_max) return DropReason::event_name_too_long;
    const std::string_view id = codec::trim(json::text_of(item.distinct_id, scratch));
    if (id.empty()) return DropReason::missing_distinct_id;
    if (id.size() > v1_distinct_id_bytes_max) return DropReason::distinct_id_too_large;
    envelope.distinct_id = normalise_distinct_id_text(id);
    return std::nullopt;
  }

  bool is_internal(const Item& item) const {
    return internal_ || !json::member_of(item.properties, "capture_internal").empty();
  }

  const V1Request& request_;
  const V1RequestInfo& info_;
  const bool historical_;
  const bool internal_;
};

std::expected<std::string, Refusal> open_body(V1Request& request, const V1RequestInfo& info) {
  if (request.body.empty()) {
    return refuse(400, RefusalReason::empty_payload, "the request has no body");
  }
  if (!info.packing) return std::move(request.body);
  return unpack_body(*info.packing, request.body, request.limits.body_bytes_max);
}

}  // namespace

CaptureVerdict decode_v1_request(V1Request request) {
  auto info = read_v1_headers(request.headers);
  if (!info) return std::unexpected(std::move(info).error());
  auto text = open_body(request, *info);
  if (!text) return std::unexpected(std::move(text).error());
  CapturedBatch batch;
  batch.token = info->token;
  batch.body = std::make_unique<const std::string>(*std::move(text));
  const auto walked = walk_batch(*batch.body, request.limits.events_max);
  if (!walked) return std::unexpected(walked.error());
  if (auto refusal = check_batch(*walked)) return std::unexpected(*std::move(refusal));
  const auto uuids = read_uuids(*walked);
  if (!uuids) return std::unexpected(uuids.error());
  const ItemFinisher finisher(request, *info, *walked);
  batch.events.reserve(walked->items.size());
  batch.reports.reserve(walked->items.size());
  for (size_t i = 0; i < walked->items.size(); ++i) {
    EventReport report{.uuid = (*uuids)[i]};
    auto captured = finisher.finish(walked->items[i], report.uuid);
    if (captured) {
      report.personless = captured->envelope.personless;
      captured->report = i;
      batch.events.push_back(*std::move(captured));
    } else {
      report.dropped = captured.error();
      ++batch.count(captured.error());
    }
    batch.reports.push_back(report);
  }
  return batch;
}

}  // namespace mr::event
