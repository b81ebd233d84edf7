#include <arpa/inet.h>

#include <array>
#include <cstring>

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/utf8.h"
#include "codec/uuid.h"
#include "hog/library_support.h"

// Texts in other clothes: URLs, base64, identifiers, network addresses.
namespace mr::hog {
namespace {

bool stays_in_url(char c) {
  constexpr std::string_view marks = "-_.!~*'()";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         marks.find(c) != std::string_view::npos;
}

Result<Value> encode_url(Context& context, Arguments arguments) {
  TextBuilder text(context.heap);
  MR_CHECK(append_text(text, context, arguments[0]));
  TextBuilder out(context.heap);
  for (const char c : text.view()) {
    if (stays_in_url(c)) {
      out.append(c);
    } else {
      constexpr std::string_view digits = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      const char escape[] = {'%', digits[byte >> 4U], digits[byte & 0xfU]};
      out.append(std::string_view(escape, sizeof escape));
    }
    if (!context.budget.work(1)) break;
  }
  return out.finish();
}

// Nothing when an escape is broken or gives no valid text.
std::optional<std::string> decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = codec::hex_digit_value(text[i + 1]);
    const int low = codec::hex_digit_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return codec::is_valid_utf8(out) ? std::optional(std::move(out)) : std::nullopt;
}

enum class OnFailure : bool { fails, null };

template <OnFailure on_failure>
Result<Value> decode_url(Context& context, Arguments arguments) {
  TextBuilder text(context.heap);
  MR_CHECK(append_text(text, context, arguments[0]));
  if (const auto decoded = decode(text.view())) return make_text(context.heap, *decoded);
  if (on_failure == OnFailure::null) return Value();
  return refuse("URI malformed");
}

Result<Value> encode_base64(Context& context, Arguments arguments) {
  MR_TRY(const std::string_view text, text_argument(arguments[0]));
  context.budget.work(text.size() / 16);
  return make_text(context.heap, codec::base64_encode(codec::with_valid_utf8(text)));
}

// Both alphabets; what belongs to neither is passed over; padding ends the text.
std::string decode_base64_bytes(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (c == '=') break;
    const char standard = c == '-' ? '+' : c == '_' ? '/' : c;
    if (codec::base64_alphabet.find(standard) != std::string_view::npos) clean += standard;
  }
  if (clean.size() % 4 == 1) clean.pop_back();
  return codec::base64_decode(clean).value_or("");
}

template <OnFailure on_failure>
Result<Value> decode_base64(Context& context, Arguments arguments) {
  if (!arguments[0].is_text()) {
    if (on_failure == OnFailure::null) return make_text(context.heap, "");
    return fail(text_argument(arguments[0]).error());
  }
  const std::string_view text = arguments[0].text().view();
  context.budget.work(text.size() / 8);
  return make_text(context.heap, codec::with_valid_utf8(decode_base64_bytes(text)));
}

Result<Value> generate_uuid(Context& context, Arguments arguments) {
  const uint64_t high = context.host.random_bits();
  return make_text(context.heap,
                   codec::to_string(codec::uuid_v4(high, context.host.random_bits())));
}

Result<Value> random_float(Context& context, Arguments arguments) {
  constexpr double scale = 1.0 / 9007199254740992.0;  // 2^53
  return make_number(static_cast<double>(context.host.random_bits() >> 11U) * scale);
}

struct Address {
  std::array<unsigned char, 16> bytes{};
  int bits = 0;  // 32 or 128; 0: none
};

Address parse_address(std::string_view text) {
  Address address;
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return address;
  // inet_pton knows neither octal nor leading zeros.
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) {
    address.bits = 32;
  } else if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) {
    address.bits = 128;
  }
  return address;
}

bool in_range(std::string_view ip, std::string_view cidr) {
  const size_t slash = cidr.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view digits = cidr.substr(slash + 1);
  if (digits.empty() || digits.size() > 3) return false;
  int prefix = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return false;
    prefix = prefix * 10 + (c - '0');
  }
  const Address address = parse_address(ip);
  const Address network = parse_address(cidr.substr(0, slash));
  if (address.bits == 0 || address.bits != network.bits || prefix > address.bits) return false;
  for (int bit = 0; bit < prefix; ++bit) {
    const auto mask = static_cast<unsigned char>(0x80U >> static_cast<unsigned>(bit % 8));
    const auto at = static_cast<size_t>(bit / 8);
    if (((address.bytes[at] ^ network.bytes[at]) & mask) != 0) return false;
  }
  return true;
}

Result<Value> is_ip_in_range(Context& context, Arguments arguments) {
  return Value(arguments[0].is_text() && arguments[1].is_text() &&
               in_range(arguments[0].text().view(), arguments[1].text().view()));
}

constexpr LibraryFunction functions[] = {
    {"encodeURLComponent", 1, 1, encode_url},
    {"decodeURLComponent", 1, 1, decode_url<OnFailure::fails>},
    {"tryDecodeURLComponent", 1, 1, decode_url<OnFailure::null>},
    {"base64Encode", 1, 1, encode_base64},
    {"base64Decode", 1, 1, decode_base64<OnFailure::fails>},
    {"tryBase64Decode", 1, 1, decode_base64<OnFailure::null>},
    {"generateUUIDv4", 0, 0, generate_uuid},
    {"randomFloat", 0, 0, random_float},
    {"isIPAddressInRange", 2, 2, is_ip_in_range},
};

}  // namespace

std::span<const LibraryFunction> encoding_functions() {
  return functions;
}

}  // namespace mr::hog
