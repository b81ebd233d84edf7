#pragma once

#include "base/time.h"

namespace mr::io {

// The machine's clocks themselves, which go on within a turn of a loop. For real implementations of
// doors, and for limits on work that never leaves a turn; everyone else asks io::Clock.
Instant system_instant();
WallTime system_wall();

}  // namespace mr::io
