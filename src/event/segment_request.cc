#include "event/segment_request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "codec/json_object.h"
#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/capture_payload.h"
#include "event/distinct_id.h"
#include "event/pixel_payload.h"
#include "event/read_fields.h"
#include "event/request_fields.h"

namespace mr::event {
namespace {

// The namespace of identifiers made from a messageId that is not a UUID; the same messageId always
// gives the same one, so a retry is recognised. c1e3ad3c-5c1b-4c0e-9d3a-7e0f6f1a8b52
constexpr codec::Uuid message_namespace{{0xc1, 0xe3, 0xad, 0x3c, 0x5c, 0x1b, 0x4c, 0x0e, 0x9d, 0x3a,
                                         0x7e, 0x0f, 0x6f, 0x1a, 0x8b, 0x52}};

// The raw fields of one call, each empty when absent.
struct Item {
  std::string_view raw;
  std::string_view type;
  std::string_view event;
  std::string_view user_id;
  std::string_view anonymous_id;
  std::string_view message_id;
  std::string_view timestamp;
  std::string_view original_timestamp;
  std::string_view sent_at;
  std::string_view context;
  std::string_view channel;
  std::string_view request_ip;
};

struct WalkedCalls {
  std::vector<Item> items;
  uint32_t over_count = 0;
  std::string_view write_key;  // the rest: of the root
  std::string_view sent_at;
  std::string_view context;
};

constexpr RawFields<Item, 11> item_fields = {{{"type", &Item::type},
                                              {"event", &Item::event},
                                              {"userId", &Item::user_id},
                                              {"anonymousId", &Item::anonymous_id},
                                              {"messageId", &Item::message_id},
                                              {"timestamp", &Item::timestamp},
                                              {"originalTimestamp", &Item::original_timestamp},
                                              {"sentAt", &Item::sent_at},
                                              {"context", &Item::context},
                                              {"channel", &Item::channel},
                                              {"request_ip", &Item::request_ip}}};

std::expected<WalkedCalls, Refusal> walk_calls(std::string_view text,
                                               const SegmentRequest& request) {
  if (!codec::is_valid_utf8(text)) {
    return refuse(400, RefusalReason::not_utf8, "the body is not valid UTF-8");
  }
  json::Reader reader(text);
  WalkedCalls walked;
  Item root;
  bool has_batch = false;
  reader.peek();
  const size_t start = reader.position();
  reader.enter_object();
  std::string_view key;
  while (reader.next_member(key)) {
    if (key == "batch" && !request.endpoint.is_single() && reader.peek() == json::Kind::array) {
      has_batch = true;
      reader.enter_array();
      while (reader.next_item()) {
        Item item = read_fields<Item>(reader, text, item_fields);
        if (walked.items.size() < request.limits.items_max) {
          walked.items.push_back(item);
        } else {
          ++walked.over_count;
        }
      }
    } else if (key == "writeKey") {
      walked.write_key = reader.value();
    } else {
      read_field(reader, key, root, item_fields);
    }
  }
  if (!reader.at_end()) {
    return refuse(400, RefusalReason::not_json,
                  "the body is not a valid JSON object: " + reader.error().message());
  }
  walked.sent_at = root.sent_at;
  if (has_batch) {
    walked.context = root.context;
  } else if (request.endpoint.is_single()) {
    root.raw = text.substr(start, reader.position() - start);
    walked.items.push_back(root);
  } else {
    return refuse(400, RefusalReason::empty_batch, "the body has no array named batch");
  }
  if (walked.items.empty()) {
    return refuse(400, RefusalReason::empty_batch, "the batch is empty");
  }
  return walked;
}

// Whether the call comes straight from the user's own device: a server's address says nothing about
// the user.
bool comes_from_device(const Item& item, std::string_view root_context,
                       const SegmentEndpoint& endpoint) {
  if (endpoint.from_device || endpoint.from_server) return endpoint.from_device;
  std::string scratch;
  const std::string_view channel = json::text_of(item.channel, scratch);
  if (channel == "server") return false;
  if (channel == "web" || channel == "mobile") return true;
  for (const std::string_view context : {item.context, root_context}) {
    if (json::is_true(json::member_of(context, "direct"))) return true;
    for (const std::string_view sign : {"page", "userAgent", "device"}) {
      // Libraries for servers send them too, but empty.
      const std::string_view raw = json::member_of(context, sign);
      if (json::is_truthy(raw) && raw != "{}") return true;
    }
  }
  return false;
}

// The address that the call names, else the peer's if that is the user's.
std::string address_of(const Item& item, std::string_view root_context,
                       const SegmentRequest& request) {
  const std::string peer(request.client_ip);
  if (request.endpoint.overrides_ip) return peer;
  for (const std::string_view raw : {json::member_of(item.context, "ip"),
                                     json::member_of(root_context, "ip"), item.request_ip}) {
    std::string named = plain_text(raw);
    if (!named.empty()) return named;
  }
  return comes_from_device(item, root_context, request.endpoint) ? peer : std::string();
}

EventTime call_time(const Item& item, std::optional<WallTime> sent_at, WallTime now) {
  std::string scratch;
  TimeInput input{.sent_at = sent_at, .now = now};
  for (const std::string_view raw : {item.timestamp, item.original_timestamp}) {
    if (!json::is_string(raw)) continue;
    input.timestamp = json::text_of(raw, scratch);
    break;
  }
  return compute_event_time(input);
}

// Makes a captured event of an item, or says why not.
class CallFinisher {
 public:
  CallFinisher(const SegmentRequest& request, const WalkedCalls& walked, std::string token,
               UuidSource& uuids)
      : request_(request), walked_(walked), token_(std::move(token)), uuids_(uuids) {
    if (json::kind_of(walked.context) == json::Kind::object) context_ = walked.context;
    device_context_ = context_;
    auto device = json::Object::parse_borrowed(request.device_context);
    if (!device) return;
    if (const auto own = json::Object::parse_borrowed(context_)) device->overlay(*own);
    device_context_ = device->to_json();
  }

  std::expected<CapturedEvent, DropReason> finish(const Item& item) {
    if (json::kind_of(item.raw) != json::Kind::object) {
      return std::unexpected(DropReason::segment_invalid_item);
    }
    std::string scratch;
    std::optional<SegmentCall> call = segment_call_of_type(json::text_of(item.type, scratch));
    if (!call) call = request_.endpoint.call;
    if (!call) return std::unexpected(DropReason::segment_unknown_type);
    return finish(item, *call);
  }

 private:
  std::expected<CapturedEvent, DropReason> finish(const Item& item, SegmentCall call) {
    CapturedEvent captured;
    Envelope& envelope = captured.envelope;
    envelope.dialect = Dialect::segment;
    envelope.event =
        call == SegmentCall::track ? plain_text(item.event) : std::string(segment_event_name(call));
    if (envelope.event.empty()) return std::unexpected(DropReason::segment_missing_name);
    envelope.distinct_id = normalise_distinct_id(item.user_id);
    if (envelope.distinct_id.empty()) {
      envelope.distinct_id = normalise_distinct_id(item.anonymous_id);
    }
    if (envelope.distinct_id.empty() && request_.needs_ids) {
      return std::unexpected(DropReason::segment_missing_id);
    }
    envelope.token = token_;
    envelope.ip = address_of(item, walked_.context, request_);
    envelope.arrival = request_.now;
    envelope.sent_at = read_time(walked_.sent_at);
    if (!envelope.sent_at) envelope.sent_at = read_time(item.sent_at);
    const EventTime time = call_time(item, envelope.sent_at, request_.now);
    envelope.timestamp = time.time;
    captured.time_outcome = time.outcome;
    envelope.uuid = identifier_of(item, envelope.timestamp);
    envelope.historical = request_.endpoint.is_import;
    if (envelope.distinct_id.empty()) {
      envelope.distinct_id = codec::to_string(envelope.uuid);
      envelope.personless = true;
    }
    const bool tells_agent = !json::member_of(item.context, "userAgent").empty();
    envelope.context = tells_agent ? context_ : device_context_;
    captured.raw = item.raw;
    return captured;
  }

  codec::Uuid identifier_of(const Item& item, WallTime at) {
    const std::string message_id = plain_text(item.message_id);
    if (message_id.empty()) return uuids_.next(at);
    if (const auto uuid = codec::parse_uuid(message_id)) return *uuid;
    return codec::uuid_v5(message_namespace, message_id);
  }

  const SegmentRequest& request_;
  const WalkedCalls& walked_;
  const std::string token_;
  UuidSource& uuids_;
  std::string context_;         // of the batch; an object or empty
  std::string device_context_;  // the same over what the request's headers say
};

// Where nothing can be kept, the request is refused: there are no siblings to save.
Refusal refusal_of(DropReason reason) {
  switch (reason) {
    case DropReason::segment_missing_id:
      return {400, RefusalReason::missing_distinct_id, "userId or anonymousId is required"};
    case DropReason::segment_missing_name:
      return {400, RefusalReason::missing_event_name, "a track call needs an event"};
    case DropReason::segment_unknown_type:
      return {400, RefusalReason::invalid_event, "the type of the call is missing or unknown"};
    default:
      return {400, RefusalReason::invalid_event, "the call cannot be read"};
  }
}

std::expected<std::string, Refusal> open_body(SegmentRequest& request) {
  if (request.body.empty()) {
    return refuse(400, RefusalReason::empty_payload, "the request has no body");
  }
  const Compression hint = content_encoding_hint(request.content_encoding);
  if (hint != Compression::none && hint != Compression::gzip) {
    return refuse(400, RefusalReason::unsupported_encoding,
                  "this Content-Encoding is not understood here; send gzip or plain JSON");
  }
  return decompress(std::move(request.body), hint, request.limits.body_bytes_max);
}

// Makes the body of a pixel's query.
std::optional<Refusal> open_pixel(SegmentRequest& request, std::string& key) {
  const auto call = request.endpoint.call;
  auto pixel = read_pixel(request.body, call ? to_string(*call) : std::string_view());
  if (!pixel) return std::move(pixel).error();
  request.body = std::move(pixel->call);
  key = std::move(pixel->write_key);
  request.keys.query = key;
  return std::nullopt;
}

}  // namespace

CaptureVerdict decode_segment_request(SegmentRequest request, UuidSource& uuids) {
  std::string pixel_key;
  if (request.endpoint.is_pixel) {
    if (auto refusal = open_pixel(request, pixel_key)) return std::unexpected(*std::move(refusal));
  }
  auto text = open_body(request);
  if (!text) return std::unexpected(std::move(text).error());
  CapturedBatch batch;
  batch.body = std::make_unique<const std::string>(*std::move(text));
  const auto walked = walk_calls(*batch.body, request);
  if (!walked) return std::unexpected(walked.error());
  request.keys.body = walked->write_key;
  auto token = resolve_write_key(request.keys, request.tokens);
  if (!token) return std::unexpected(std::move(token).error());
  batch.token = *token;
  batch.count(DropReason::over_batch_count) = walked->over_count;
  CallFinisher finisher(request, *walked, *std::move(token), uuids);
  batch.events.reserve(walked->items.size());
  std::optional<DropReason> first_drop;
  for (const Item& item : walked->items) {
    auto captured = finisher.finish(item);
    if (captured) {
      batch.events.push_back(*std::move(captured));
    } else {
      if (!first_drop) first_drop = captured.error();
      ++batch.count(captured.error());
    }
  }
  if (batch.events.empty()) return std::unexpected(refusal_of(*first_drop));
  return batch;
}

std::string segment_error_body(const Refusal& refusal) {
  return R"({"code":)" + json::quote(to_string(refusal.reason)) + R"(,"message":)" +
         json::quote(refusal.message) + "}";
}

}  // namespace mr::event
