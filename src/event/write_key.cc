#include "event/write_key.h"

#include <algorithm>

#include "codec/base64.h"
#include "codec/utf8.h"
#include "event/request_fields.h"

namespace mr::event {
namespace {

// What follows the scheme, which may be in any case; empty under another one.
std::string_view credentials(std::string_view authorization, std::string_view scheme) {
  if (authorization.size() <= scheme.size()) return {};
  if (codec::lower_ascii(authorization.substr(0, scheme.size())) != scheme) return {};
  return codec::trim(authorization.substr(scheme.size()));
}

// "Basic a2V5OnB3" gives "key:pw"; a missing colon is tolerated.
std::string basic_credentials(std::string_view authorization) {
  const auto decoded = codec::base64_decode(credentials(authorization, "basic "));
  return decoded ? *decoded : std::string();
}

// The part of "id:secret" that is a project's token; the id when none is.
std::string token_of_pair(const std::string& key, const TokenLookup& tokens) {
  const size_t colon = key.find(':');
  if (colon == std::string::npos || tokens.has(key)) return key;
  std::string id = key.substr(0, colon);
  std::string secret = key.substr(colon + 1);
  return !tokens.has(id) && tokens.has(secret) ? secret : id;
}

}  // namespace

std::expected<std::string, Refusal> resolve_write_key(const WriteKeys& keys,
                                                      const TokenLookup* tokens) {
  std::string key = basic_credentials(keys.authorization);
  if (tokens == nullptr) key.resize(std::min(key.size(), key.find(':')));
  if (key.empty()) key = codec::trim(keys.header);
  if (key.empty()) key = codec::trim(keys.query);
  if (key.empty()) key = plain_text(keys.body);
  if (key.empty()) key = credentials(keys.authorization, "bearer ");
  if (key.empty()) {
    return refuse(401, RefusalReason::missing_token, "the request has no write key");
  }
  if (tokens != nullptr) key = token_of_pair(key, *tokens);
  return accept_token(key, "write key");
}

}  // namespace mr::event
