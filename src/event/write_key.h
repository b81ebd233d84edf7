#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "event/captured_batch.h"

namespace mr::event {

// Tells whether a project has a token. Implemented over the catalog; one loop.
class TokenLookup {
 public:
  virtual ~TokenLookup() = default;
  virtual bool has(std::string_view token) const = 0;
};

// Where the libraries of Segment, RudderStack and Jitsu put a project's token. The first that is
// there counts.
struct WriteKeys {
  std::string_view authorization;  // the header: Basic with the key as the user, or Bearer
  std::string_view header;         // X-Write-Key
  std::string_view query;          // `writeKey` or, Jitsu's, `writekey`
  std::string_view body;           // `writeKey` at the root, as raw JSON
};

// The token, well-formed: Basic, then X-Write-Key, the query, the body, Bearer. Refuses with 401
// when there is none.
//
// Jitsu's keys are "id:secret", and its library insists on the colon: with `tokens` given, a key
// counts when the whole of it, its id or its secret is a project's token, in this order. Without,
// Basic's password is ignored, as Segment and RudderStack do.
std::expected<std::string, Refusal> resolve_write_key(const WriteKeys& keys,
                                                      const TokenLookup* tokens);

}  // namespace mr::event
