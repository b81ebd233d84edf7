#include "base/reached.h"

// The bounds of the section, made by the linker when a mark is linked in.
extern "C" {
extern mr::ReachedMark __start_mr_reached[] __attribute__((weak));
extern mr::ReachedMark __stop_mr_reached[] __attribute__((weak));
}

namespace mr {

std::span<ReachedMark> reached_marks() {
  return {__start_mr_reached, __stop_mr_reached};
}

}  // namespace mr
