#pragma once

#include <string>
#include <string_view>

namespace mr::main {

// What a fault test asked for at `site` through the variable MILLRACE_MISCHIEF
// ("ingest.crash_on_event=boom", several separated by ','); empty in every other life.
std::string mischief_at(std::string_view site);

}  // namespace mr::main
