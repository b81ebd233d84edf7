#include "event/segment_request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "codec/base64.h"
#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/capture_payload.h"
#include "event/distinct_id.h"
#include "event/read_fields.h"
#include "event/token.h"

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
};

struct WalkedCalls {
  std::vector<Item> items;
  uint32_t over_count = 0;
  std::string_view write_key;  // the rest: of the root
  std::string_view sent_at;
  std::string_view context;
};

constexpr RawFields<Item, 9> item_fields = {{{"type", &Item::type},
                                             {"event", &Item::event},
                                             {"userId", &Item::user_id},
                                             {"anonymousId", &Item::anonymous_id},
                                             {"messageId", &Item::message_id},
                                             {"timestamp", &Item::timestamp},
                                             {"originalTimestamp", &Item::original_timestamp},
                                             {"sentAt", &Item::sent_at},
                                             {"context", &Item::context}}};

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
    if (key == "batch" && !request.endpoint.call && reader.peek() == json::Kind::array) {
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
  } else if (request.endpoint.call) {
    root.raw = text.substr(start, reader.position() - start);
    walked.items.push_back(root);
  } else {
    return refuse(400, RefusalReason::empty_batch, "the body has no array named batch");
  }
  return walked;
}

std::string plain_text(std::string_view raw) {
  return raw.empty() || json::is_null(raw) ? std::string() : json::to_plain_text(raw);
}

// "Basic a2V5Og==" gives "key"; a missing colon is tolerated.
std::string basic_user(std::string_view authorization) {
  constexpr std::string_view scheme = "basic ";
  if (authorization.size() <= scheme.size()) return {};
  for (size_t i = 0; i < scheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) != scheme[i]) return {};
  }
  const auto decoded = codec::base64_decode(authorization.substr(scheme.size()));
  return decoded ? decoded->substr(0, decoded->find(':')) : std::string();
}

std::string bearer_token(std::string_view authorization) {
  constexpr std::array<std::string_view, 2> schemes = {"Bearer ", "bearer "};
  for (const std::string_view scheme : schemes) {
    if (authorization.starts_with(scheme)) return std::string(authorization.substr(scheme.size()));
  }
  return {};
}

std::expected<std::string, Refusal> resolve_write_key(const SegmentRequest& request,
                                                      const WalkedCalls& walked) {
  std::string key = basic_user(request.authorization);
  if (key.empty()) key = plain_text(walked.write_key);
  if (key.empty()) key = bearer_token(request.authorization);
  if (key.empty()) {
    return refuse(401, RefusalReason::missing_token, "the request has no write key");
  }
  const TokenVerdict verdict = check_token(key);
  if (verdict.problem != TokenProblem::none) {
    return refuse(401, RefusalReason::malformed_token,
                  "the write key is malformed: " + std::string(to_string(verdict.problem)));
  }
  return std::string(verdict.token);
}

// The address that the context names; else the peer's, but only when the call seems to come from
// the user's own device: a server's address says nothing about the user.
std::string address_of(const Item& item, std::string_view root_context, std::string_view peer) {
  for (const std::string_view context : {item.context, root_context}) {
    std::string named = plain_text(json::member_of(context, "ip"));
    if (!named.empty()) return named;
  }
  for (const std::string_view context : {item.context, root_context}) {
    if (json::is_true(json::member_of(context, "direct"))) return std::string(peer);
    for (const std::string_view sign : {"page", "userAgent", "device"}) {
      if (!json::member_of(context, sign).empty()) return std::string(peer);
    }
  }
  return {};
}

std::optional<WallTime> read_time(std::string_view raw) {
  std::string scratch;
  if (!json::is_string(raw)) return std::nullopt;
  return parse_timestamp(json::text_of(raw, scratch));
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
      : request_(request), walked_(walked), token_(std::move(token)), uuids_(uuids) {}

  std::expected<CapturedEvent, DropReason> finish(const Item& item) {
    if (json::kind_of(item.raw) != json::Kind::object) {
      return std::unexpected(DropReason::segment_invalid_item);
    }
    std::string scratch;
    std::optional<SegmentCall> call = segment_call_of_type(json::text_of(item.type, scratch));
    if (!call) call = request_.endpoint.call;
    if (!call) return std::unexpected(DropReason::segment_unknown_type);
    CapturedEvent captured;
    Envelope& envelope = captured.envelope;
    envelope.dialect = Dialect::segment;
    envelope.event = call == SegmentCall::track ? plain_text(item.event)
                                                : std::string(segment_event_name(*call));
    if (envelope.event.empty()) return std::unexpected(DropReason::segment_missing_name);
    envelope.distinct_id = normalise_distinct_id(item.user_id);
    if (envelope.distinct_id.empty()) {
      envelope.distinct_id = normalise_distinct_id(item.anonymous_id);
    }
    if (envelope.distinct_id.empty()) return std::unexpected(DropReason::segment_missing_id);
    envelope.token = token_;
    envelope.ip = address_of(item, walked_.context, request_.client_ip);
    envelope.arrival = request_.now;
    envelope.sent_at = read_time(walked_.sent_at);
    if (!envelope.sent_at) envelope.sent_at = read_time(item.sent_at);
    const EventTime time = call_time(item, envelope.sent_at, request_.now);
    envelope.timestamp = time.time;
    captured.time_outcome = time.outcome;
    envelope.uuid = identifier_of(item, envelope.timestamp);
    envelope.historical = request_.endpoint.is_import;
    if (json::kind_of(walked_.context) == json::Kind::object) envelope.context = walked_.context;
    captured.raw = item.raw;
    return captured;
  }

 private:
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
};

std::optional<Refusal> check_sizes(const WalkedCalls& walked, const SegmentLimits& limits) {
  for (const Item& item : walked.items) {
    if (item.raw.size() > limits.item_bytes_max) {
      return Refusal{400, RefusalReason::event_too_large,
                     "a call is larger than " + std::to_string(limits.item_bytes_max) + " bytes"};
    }
  }
  return std::nullopt;
}

// A request for one call that cannot be kept is refused: there are no siblings to save.
Refusal refusal_of(DropReason reason) {
  switch (reason) {
    case DropReason::segment_missing_id:
      return {400, RefusalReason::missing_distinct_id, "userId or anonymousId is required"};
    case DropReason::segment_missing_name:
      return {400, RefusalReason::missing_event_name, "a track call needs an event"};
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
  const size_t bytes_max =
      request.endpoint.call ? request.limits.item_bytes_max : request.limits.batch_bytes_max;
  auto text = decompress(std::move(request.body), hint, bytes_max);
  // Segment's libraries know 400 only.
  if (!text) text.error().status = 400;
  return text;
}

}  // namespace

std::optional<SegmentEndpoint> segment_endpoint_of_path(std::string_view path) {
  constexpr std::string_view prefix = "/v1/";
  if (!path.starts_with(prefix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path == "batch" || path == "b") return SegmentEndpoint{};
  if (path == "import") return SegmentEndpoint{.is_import = true};
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> short_names = {
      {{"t", "track"},
       {"i", "identify"},
       {"p", "page"},
       {"s", "screen"},
       {"g", "group"},
       {"a", "alias"}}};
  for (const auto& [short_name, name] : short_names) {
    if (path == short_name) path = name;
  }
  const auto call = segment_call_of_type(path);
  if (!call) return std::nullopt;
  return SegmentEndpoint{.call = call};
}

CaptureVerdict decode_segment_request(SegmentRequest request, UuidSource& uuids) {
  auto text = open_body(request);
  if (!text) return std::unexpected(std::move(text).error());
  CapturedBatch batch;
  batch.body = std::make_unique<const std::string>(*std::move(text));
  const auto walked = walk_calls(*batch.body, request);
  if (!walked) return std::unexpected(walked.error());
  auto token = resolve_write_key(request, *walked);
  if (!token) return std::unexpected(std::move(token).error());
  batch.token = *token;
  if (auto refusal = check_sizes(*walked, request.limits)) {
    return std::unexpected(*std::move(refusal));
  }
  batch.count(DropReason::over_batch_count) = walked->over_count;
  CallFinisher finisher(request, *walked, *std::move(token), uuids);
  batch.events.reserve(walked->items.size());
  for (const Item& item : walked->items) {
    auto captured = finisher.finish(item);
    if (captured) {
      batch.events.push_back(*std::move(captured));
    } else if (request.endpoint.call) {
      return std::unexpected(refusal_of(captured.error()));
    } else {
      ++batch.count(captured.error());
    }
  }
  return batch;
}

std::string segment_error_body(const Refusal& refusal) {
  return R"({"code":)" + json::quote(to_string(refusal.reason)) + R"(,"message":)" +
         json::quote(refusal.message) + "}";
}

}  // namespace mr::event
