#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <vector>

#include "codec/base64.h"
#include "codec/hex.h"
#include "hog/library_support.h"

// Digests of texts (as UTF-8) and chains of keyed digests, through OpenSSL.
namespace mr::hog {
namespace {

enum class Encoding : uint8_t { hex, base64, base64url, binary };
using Algorithm = const EVP_MD* (*)();

Encoding encoding_of(Arguments arguments) {
  if (arguments.size() < 2 || !arguments[1].is_text()) return Encoding::hex;
  const std::string_view name = arguments[1].text().view();
  if (name == "base64") return Encoding::base64;
  if (name == "base64url") return Encoding::base64url;
  return name == "binary" ? Encoding::binary : Encoding::hex;
}

std::string encoded(std::string_view digest, Encoding encoding) {
  switch (encoding) {
    case Encoding::hex:
      return codec::hex_encode(digest);
    case Encoding::binary: {
      // Each byte is the character of that number.
      std::string text;
      for (const char c : digest) append_code_point(text, static_cast<unsigned char>(c));
      return text;
    }
    default:
      break;
  }
  std::string text = codec::base64_encode(digest);
  if (encoding == Encoding::base64) return text;
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

std::string digest_of(Algorithm algorithm, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, algorithm(), nullptr);
  return {reinterpret_cast<const char*>(digest), size};
}

std::string keyed_digest_of(Algorithm algorithm, std::string_view key, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(algorithm(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return {reinterpret_cast<const char*>(digest), size};
}

template <Algorithm algorithm>
Result<Value> hash(Context& context, Arguments arguments) {
  if (arguments[0].is_null()) return Value();
  MR_TRY(const std::string_view text, text_argument(arguments[0]));
  context.budget.work(text.size() / 4);
  return make_text(context.heap, encoded(digest_of(algorithm, text), encoding_of(arguments)));
}

// The first text is the key of the second, the digest the key of the third, and so on.
template <Algorithm algorithm>
Result<Value> chain(Context& context, Arguments arguments) {
  const Value& list = arguments[0];
  if (!list.is_list() || list.list().size() < 2) {
    return refuse("Data array must contain at least two elements.");
  }
  MR_TRY(const std::string_view first, text_argument(list.list().items[0]));
  std::string key(first);
  for (size_t i = 1; i < list.list().size(); ++i) {
    MR_TRY(const std::string_view text, text_argument(list.list().items[i]));
    if (!context.budget.work(64 + text.size() / 4)) return Value();
    key = keyed_digest_of(algorithm, key, text);
  }
  return make_text(context.heap, encoded(key, encoding_of(arguments)));
}

constexpr LibraryFunction functions[] = {
    {"md5", 1, 2, hash<EVP_md5>},
    {"md5Hex", 1, 1, hash<EVP_md5>},
    {"sha1", 1, 2, hash<EVP_sha1>},
    {"sha1Hex", 1, 1, hash<EVP_sha1>},
    {"sha256", 1, 2, hash<EVP_sha256>},
    {"sha256Hex", 1, 1, hash<EVP_sha256>},
    {"sha1HmacChain", 1, 2, chain<EVP_sha1>},
    {"sha1HmacChainHex", 1, 1, chain<EVP_sha1>},
    {"sha256HmacChain", 1, 2, chain<EVP_sha256>},
    {"sha256HmacChainHex", 1, 1, chain<EVP_sha256>},
};

}  // namespace

std::span<const LibraryFunction> hash_functions() {
  return functions;
}

}  // namespace mr::hog
