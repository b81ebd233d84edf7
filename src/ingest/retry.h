#pragma once

#include "base/error.h"
#include "base/time.h"

namespace mr::ingest {

// Full disks, busy databases and silent brokers pass; everything else is final for this process.
inline bool may_pass(const Error& error) {
  return error.code() == ErrorCode::busy || error.code() == ErrorCode::no_space ||
         error.code() == ErrorCode::timed_out;
}
// The pause between two attempts; attempts go on until the process is stopped.
inline constexpr Millis retry_pause{200};

}  // namespace mr::ingest
