#include "event/envelope.h"

#include <algorithm>

#include "codec/byte_reader.h"
#include "codec/json_text.h"
#include "codec/varint.h"

namespace mr::event {
namespace {

constexpr uint8_t envelope_version = 1;

constexpr uint8_t flag_sent_at = 1 << 0;
constexpr uint8_t flag_historical = 1 << 1;
constexpr uint8_t flag_cookieless = 1 << 2;
constexpr uint8_t flag_context = 1 << 3;
constexpr uint8_t flag_personless = 1 << 4;
constexpr uint8_t flag_beside_key = 1 << 5;
constexpr uint8_t flag_packed = 1 << 6;
constexpr uint8_t flags_known = flag_sent_at | flag_historical | flag_cookieless | flag_context |
                                flag_personless | flag_beside_key | flag_packed;

// Times are near one another, so they are written as distances. Distances wrap around instead of
// overflowing: any two times come back as they were.
int64_t distance(WallTime to, WallTime from) {
  return static_cast<int64_t>(static_cast<uint64_t>(to.millis) -
                              static_cast<uint64_t>(from.millis));
}
WallTime advanced(WallTime from, int64_t distance) {
  return {
      static_cast<int64_t>(static_cast<uint64_t>(from.millis) + static_cast<uint64_t>(distance))};
}

uint8_t* write_text(std::string_view text, uint8_t* out) {
  return std::copy(text.begin(), text.end(), out);
}
// Its length, then the text.
uint8_t* write_sized(std::string_view text, uint8_t* out) {
  return write_text(text, codec::write_unsigned_varlong(out, text.size()));
}

// Whether record_key() is the token and the distinct id.
bool is_told_by_key(const Envelope& envelope) {
  return envelope.dialect != Dialect::replay && !envelope.cookieless;
}

// Takes the key apart; false when it is no key of a token so long.
bool read_key(std::string_view key, uint64_t token_bytes, Envelope& envelope) {
  if (token_bytes >= key.size() || key[token_bytes] != ':') return false;
  envelope.token = key.substr(0, token_bytes);
  envelope.distinct_id = key.substr(token_bytes + 1);
  return true;
}

}  // namespace

std::string_view to_string(Dialect dialect) {
  switch (dialect) {
    case Dialect::posthog:
      return "posthog";
    case Dialect::segment:
      return "segment";
    case Dialect::posthog_v1:
      return "posthog_v1";
    case Dialect::replay:
      return "replay";
  }
  return "unknown";
}

size_t envelope_bytes_max(const Envelope& envelope) {
  constexpr size_t fixed = 3 + sizeof(envelope.uuid.bytes) + 3 * codec::varlong_bytes_max;
  constexpr size_t texts = 5;
  return fixed + texts * codec::varlong_bytes_max + envelope.event.size() +
         envelope.distinct_id.size() + envelope.token.size() + envelope.ip.size() +
         envelope.context.size();
}

uint8_t* write_envelope(const Envelope& envelope, EnvelopeForm form, uint8_t* out) {
  const bool beside_key = form == EnvelopeForm::beside_key && is_told_by_key(envelope);
  uint8_t flags = beside_key ? flag_beside_key : 0;
  if (envelope.sent_at) flags |= flag_sent_at;
  if (envelope.historical) flags |= flag_historical;
  if (envelope.cookieless) flags |= flag_cookieless;
  if (!envelope.context.empty()) flags |= flag_context;
  if (envelope.personless) flags |= flag_personless;
  if (envelope.packed) flags |= flag_packed;
  *out++ = envelope_version;
  *out++ = static_cast<uint8_t>(envelope.dialect);
  *out++ = flags;
  out = std::ranges::copy(envelope.uuid.bytes, out).out;
  out = codec::write_varlong(out, envelope.arrival.millis);
  out = codec::write_varlong(out, distance(envelope.timestamp, envelope.arrival));
  if (envelope.sent_at) {
    out = codec::write_varlong(out, distance(*envelope.sent_at, envelope.arrival));
  }
  out = write_sized(envelope.event, out);
  if (beside_key) {
    out = codec::write_unsigned_varlong(out, envelope.token.size());
  } else {
    out = write_sized(envelope.distinct_id, out);
    out = write_sized(envelope.token, out);
  }
  out = write_sized(envelope.ip, out);
  return envelope.context.empty() ? out : write_sized(envelope.context, out);
}

Bytes encode_envelope(const Envelope& envelope) {
  Bytes out(envelope_bytes_max(envelope));
  uint8_t* const end = write_envelope(envelope, EnvelopeForm::whole, out.data());
  out.resize(static_cast<size_t>(end - out.data()));
  return out;
}

Result<Envelope> decode_envelope(ByteView bytes, ByteView key) {
  codec::ByteReader reader(bytes);
  const uint8_t version = reader.u8();
  if (reader.ok() && version != envelope_version) {
    return fail(ErrorCode::unsupported,
                "an envelope of version " + std::to_string(version) + " is not known here");
  }
  const uint8_t dialect = reader.u8();
  const uint8_t flags = reader.u8();
  if ((flags & ~flags_known) != 0) {
    return fail(ErrorCode::unsupported, "the envelope has flags that are not known here");
  }
  Envelope envelope;
  envelope.dialect = static_cast<Dialect>(dialect);
  const ByteView uuid = reader.bytes(envelope.uuid.bytes.size());
  std::copy(uuid.begin(), uuid.end(), envelope.uuid.bytes.begin());
  envelope.arrival = {reader.varlong()};
  envelope.timestamp = advanced(envelope.arrival, reader.varlong());
  if ((flags & flag_sent_at) != 0) envelope.sent_at = advanced(envelope.arrival, reader.varlong());
  envelope.historical = (flags & flag_historical) != 0;
  envelope.cookieless = (flags & flag_cookieless) != 0;
  envelope.personless = (flags & flag_personless) != 0;
  envelope.packed = (flags & flag_packed) != 0;
  envelope.event = reader.sized_text();
  bool key_fits = true;
  if ((flags & flag_beside_key) != 0) {
    key_fits = read_key(as_text(key), reader.unsigned_varlong(), envelope);
  } else {
    envelope.distinct_id = reader.sized_text();
    envelope.token = reader.sized_text();
  }
  envelope.ip = reader.sized_text();
  if ((flags & flag_context) != 0) envelope.context = reader.sized_text();
  const bool known_dialect = dialect >= static_cast<uint8_t>(Dialect::posthog) &&
                             dialect <= static_cast<uint8_t>(Dialect::replay);
  if (!reader.finished() || !known_dialect || !key_fits) {
    return fail(ErrorCode::corrupt, "the envelope of a captured record is damaged");
  }
  return envelope;
}

size_t record_key_bytes_max(const Envelope& envelope) {
  return envelope.token.size() + 1 + envelope.ip.size() + envelope.distinct_id.size() +
         envelope.context.size();
}

uint8_t* write_record_key(const Envelope& envelope, uint8_t* out) {
  if (envelope.dialect == Dialect::replay) {
    const auto session = json::unquote(json::member_of(envelope.context, "$session_id"));
    return session ? write_text(*session, out) : out;
  }
  out = write_text(envelope.token, out);
  *out++ = ':';
  return write_text(envelope.cookieless ? envelope.ip : envelope.distinct_id, out);
}

std::string record_key(const Envelope& envelope) {
  Bytes key(record_key_bytes_max(envelope));
  key.resize(static_cast<size_t>(write_record_key(envelope, key.data()) - key.data()));
  return std::string(as_text(key));
}

}  // namespace mr::event
