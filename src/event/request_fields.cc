#include "event/request_fields.h"

#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/timestamp.h"
#include "event/token.h"

namespace mr::event {
namespace {

// A Content-Type without its parameters.
std::string media_type_of(std::string_view content_type) {
  return codec::lower_ascii(codec::trim(content_type.substr(0, content_type.find(';'))));
}

}  // namespace

std::expected<std::string, Refusal> accept_token(std::string_view given, std::string_view name) {
  const TokenVerdict verdict = check_token(given);
  if (verdict.problem != TokenProblem::none) {
    return refuse(
        401, RefusalReason::malformed_token,
        "the " + std::string(name) + " is malformed: " + std::string(to_string(verdict.problem)));
  }
  return std::string(verdict.token);
}

bool is_json_type(std::string_view content_type) {
  return media_type_of(content_type) == "application/json";
}

bool is_protobuf_type(std::string_view content_type) {
  const std::string type = media_type_of(content_type);
  return type == "application/x-protobuf" || type == "application/protobuf";
}

bool read_encoding(std::string_view name, std::optional<codec::Packing>& packing) {
  const std::string lower = codec::lower_ascii(codec::trim(name));
  if (lower.empty() || lower == "identity") return true;
  constexpr std::array<std::pair<std::string_view, codec::Packing>, 4> known = {
      {{"gzip", codec::Packing::gzip},
       {"deflate", codec::Packing::zlib},
       {"br", codec::Packing::brotli},
       {"zstd", codec::Packing::zstd}}};
  for (const auto& [encoding, kind] : known) {
    if (lower != encoding) continue;
    packing = kind;
    return true;
  }
  return false;
}

std::expected<std::string, Refusal> unpack_body(codec::Packing packing, std::string_view body,
                                                size_t bytes_max) {
  auto content = codec::unpack(packing, as_bytes(body), bytes_max);
  if (content) return *std::move(content);
  if (content.error() == codec::UnpackFailure::too_large) {
    return refuse(413, RefusalReason::decompressed_too_large,
                  "the decompressed body is over the limit");
  }
  return refuse(400, RefusalReason::damaged_body,
                "the body is not what Content-Encoding says, or cut off");
}

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  return text;
}

std::optional<WallTime> read_time(std::string_view raw) {
  std::string scratch;
  if (!json::is_string(raw)) return std::nullopt;
  return parse_timestamp(json::text_of(raw, scratch));
}

std::string plain_text(std::string_view raw) {
  return raw.empty() || json::is_null(raw) ? std::string() : json::to_plain_text(raw);
}

bool is_absent_or(json::Kind kind, std::string_view raw) {
  return raw.empty() || json::is_null(raw) || json::kind_of(raw) == kind;
}

}  // namespace mr::event
