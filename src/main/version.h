#pragma once

#include <string_view>

namespace mr::main {

inline constexpr std::string_view program_version = "0.1.0";

}  // namespace mr::main
