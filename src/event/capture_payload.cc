#include "event/capture_payload.h"

#include <algorithm>
#include <array>

#include "codec/base64.h"
#include "codec/gzip.h"
#include "codec/integer.h"
#include "codec/lz_string.h"
#include "codec/percent.h"
#include "codec/utf8.h"

namespace mr::event {
namespace {

constexpr size_t base64_sample_bytes = 128;
// 2021-01-01T00:00:00Z: a request time before it was sent in seconds, and says nothing.
constexpr int64_t sent_at_millis_min = 1'609'459'200'000;

bool is_base64_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/' || c == '=';
}

bool looks_like_base64(std::string_view bytes) {
  return !bytes.empty() && bytes.size() % 4 == 0 &&
         std::ranges::all_of(bytes.substr(0, base64_sample_bytes), is_base64_digit);
}

bool looks_like_json(std::string_view bytes) {
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (bytes[first] == '{' || bytes[first] == '[');
}

bool begins_like_form(std::string_view bytes) {
  constexpr std::array<std::string_view, 5> names = {"data=", "ver=", "_=", "ip=", "compression="};
  return std::ranges::any_of(names, [&](std::string_view name) { return bytes.starts_with(name); });
}

bool is_form(std::string_view bytes, std::string_view content_type) {
  if (begins_like_form(bytes)) return true;
  constexpr std::string_view form = "application/x-www-form-urlencoded";
  const std::string type = codec::lower_ascii(content_type.substr(0, content_type.find(';')));
  return codec::trim(type) == form && !looks_like_json(bytes) &&
         !codec::looks_like_gzip(as_bytes(bytes)) && !looks_like_base64(bytes);
}

// Forms turn the '+' of base64 into a blank; nothing else in base64 is one.
void restore_plus(std::string& data) {
  if (looks_like_json(data) || codec::looks_like_gzip(as_bytes(data))) return;
  std::ranges::replace(data, ' ', '+');
}

void decode_base64_if_it_looks_so(std::string& bytes) {
  if (!looks_like_base64(bytes)) return;
  if (auto decoded = codec::base64_decode(bytes)) bytes = std::move(*decoded);
}

std::expected<std::string, Refusal> unpack_lz_string(std::string_view packed, size_t bytes_max) {
  auto content = codec::lz_string_decode(packed, bytes_max);
  if (content) return *std::move(content);
  const std::string message(codec::to_string(content.error()));
  if (content.error() == codec::LzStringFailure::too_large) {
    return refuse(413, RefusalReason::decompressed_too_large, message);
  }
  return refuse(400, RefusalReason::damaged_lz_string, message);
}

std::optional<WallTime> read_request_time(std::string_view text) {
  const auto millis = codec::parse_integer(text);
  if (!millis || *millis < sent_at_millis_min || *millis > time_max.millis) return std::nullopt;
  return WallTime{*millis};
}

}  // namespace

Compression compression_hint(std::string_view name) {
  const std::string lower = codec::lower_ascii(codec::trim(name));
  if (lower == "gzip" || lower == "gzip-js") return Compression::gzip;
  if (lower == "lz64" || lower == "lz-string") return Compression::lz_string;
  if (lower == "base64" || lower == "b64") return Compression::base64;
  return Compression::none;
}

Compression content_encoding_hint(std::string_view name) {
  const Compression hint = compression_hint(name);
  if (hint != Compression::none) return hint;
  const std::string lower = codec::lower_ascii(codec::trim(name));
  if (lower == "x-gzip") return Compression::gzip;
  const bool plain = lower.empty() || lower == "identity" || lower == "utf-8";
  return plain ? Compression::none : Compression::unsupported;
}

CaptureQuery parse_capture_query(std::string_view query) {
  CaptureQuery result;
  if (query.empty()) return result;
  auto fields = codec::parse_form(query);
  for (codec::FormField& field : fields) {
    if (field.name == "compression") {
      result.compression = compression_hint(field.value);
    } else if (field.name == "data") {
      result.data = std::move(field.value);
      restore_plus(result.data);
    } else if (field.name == "sent_at" || (field.name == "_" && !result.sent_at)) {
      if (const auto time = read_request_time(field.value)) result.sent_at = time;
    } else if (field.name == "beacon") {
      result.beacon = field.value == "1";
    }
  }
  return result;
}

std::expected<std::string, Refusal> decompress(std::string bytes, Compression hint,
                                               size_t bytes_max) {
  if (codec::looks_like_gzip(as_bytes(bytes))) {
    auto content = codec::gunzip(as_bytes(bytes), bytes_max);
    if (content) return *std::move(content);
    const std::string message(codec::to_string(content.error()));
    if (content.error() == codec::GzipFailure::too_large) {
      return refuse(413, RefusalReason::decompressed_too_large, message);
    }
    return refuse(400, RefusalReason::damaged_gzip, message);
  }
  // Proxies decompress bodies and leave the header on.
  if (hint == Compression::gzip && !looks_like_json(bytes)) {
    return refuse(400, RefusalReason::not_gzip, "the body is neither gzip nor JSON");
  }
  if (bytes.size() > bytes_max) {
    return refuse(413, RefusalReason::decompressed_too_large, "the body is over the limit");
  }
  return bytes;
}

std::expected<std::string, Refusal> decode_payload(Payload payload, CaptureQuery& query) {
  const bool from_query = !query.data.empty();
  std::string bytes = from_query ? std::move(query.data) : std::move(payload.body);
  if (bytes.empty()) return refuse(400, RefusalReason::empty_payload, "the request has no payload");

  Compression hint = query.compression;
  if (!from_query && is_form(bytes, payload.content_type)) {
    auto fields = codec::parse_form(bytes);
    const std::string* data = codec::find_field(fields, "data");
    if (data == nullptr || data->empty()) {
      return refuse(400, RefusalReason::not_form, "the form has no field named data");
    }
    if (const std::string* compression = codec::find_field(fields, "compression");
        compression != nullptr && hint == Compression::none) {
      hint = compression_hint(*compression);
    }
    std::string value = *data;
    restore_plus(value);
    bytes = std::move(value);
  }
  if (hint == Compression::none) hint = content_encoding_hint(payload.content_encoding);
  if (hint == Compression::unsupported) {
    return refuse(400, RefusalReason::unsupported_encoding,
                  "this Content-Encoding is not understood here; send gzip or plain JSON");
  }
  // Text of base64's digits: it must not be taken for base64.
  if (hint == Compression::lz_string && !looks_like_json(bytes) &&
      !codec::looks_like_gzip(as_bytes(bytes))) {
    return unpack_lz_string(bytes, payload.body_bytes_max);
  }
  decode_base64_if_it_looks_so(bytes);
  if (hint == Compression::base64 && !looks_like_json(bytes)) {
    if (auto decoded = codec::base64_decode(bytes)) bytes = std::move(*decoded);
  }
  auto content = decompress(std::move(bytes), hint, payload.body_bytes_max);
  if (content) decode_base64_if_it_looks_so(*content);
  return content;
}

CaptureVerdict open_batch(Payload payload, CaptureQuery& query) {
  auto text = decode_payload(std::move(payload), query);
  if (!text) return std::unexpected(std::move(text).error());
  CapturedBatch batch;
  batch.body = std::make_unique<const std::string>(*std::move(text));
  batch.beacon = query.beacon;
  return batch;
}

}  // namespace mr::event
