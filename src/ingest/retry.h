#pragma once

#include <type_traits>
#include <utility>

#include "base/error.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/task.h"
#include "io/world.h"

namespace mr::ingest {

// Full disks, busy databases and silent brokers pass; everything else is final for this process.
inline bool may_pass(const Error& error) {
  return error.code() == ErrorCode::busy || error.code() == ErrorCode::no_space ||
         error.code() == ErrorCode::timed_out;
}
// The pause between two attempts; attempts go on until the process is stopped.
inline constexpr Millis retry_pause{200};

// Awaits what `attempt` yields, a task of a Result, until that succeeds, fails with what does not
// pass, or has failed and `stopping` is set. Yields the last result.
template <typename Attempt>
std::invoke_result_t<Attempt&> patiently(io::World world, const bool& stopping, Attempt attempt) {
  for (;;) {
    auto outcome = co_await attempt();
    if (outcome || !may_pass(outcome.error()) || stopping) co_return outcome;
    co_await world.clock.sleep(retry_pause);
  }
}

}  // namespace mr::ingest
