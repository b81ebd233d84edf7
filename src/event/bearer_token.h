#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "event/captured_batch.h"

namespace mr::event {

// The project token of `Authorization: Bearer TOKEN`, where the scheme is taken as it is written
// (contract: capture section 7). Refuses with 401.
std::expected<std::string, Refusal> read_bearer_token(
    std::optional<std::string_view> authorization);

}  // namespace mr::event
