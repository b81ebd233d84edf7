#pragma once

#include <atomic>
#include <cstdint>
#include <span>

// Coverage marks: rare paths that a simulation has to have taken before it may be believed.
//
//   if (scan.torn) MR_REACHED("log.recovery.torn_tail");
//
// A mark costs one relaxed store where it stands and sixteen bytes, in every build. Every mark
// that is linked into a program can be listed, reached or not: the linker gathers them, nothing
// runs at the start. Names are `folder.part.what`. In .cc files only, outside of templates.
namespace mr {

struct alignas(16) ReachedMark {
  const char* name;
  std::atomic<uint32_t> reached;
};
static_assert(sizeof(ReachedMark) == 16);

// All marks of this program, in no order.
std::span<ReachedMark> reached_marks();

}  // namespace mr

#define MR_REACHED(mark_name)                                                                \
  do {                                                                                       \
    __attribute__((section("mr_reached"), used)) static constinit ::mr::ReachedMark mr_here{ \
        mark_name, 0};                                                                       \
    mr_here.reached.store(1, std::memory_order_relaxed);                                     \
  } while (false)
