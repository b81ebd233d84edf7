#pragma once

#include <string>

#include "event/captured_batch.h"

// What this folder's tests and fuzzers share.
namespace mr::event {

// Identifiers that are the same in every run: version 7, of the asked time, counted from 1.
class CountingUuids final : public UuidSource {
 public:
  codec::Uuid next(WallTime at) override { return codec::uuid_v7(at.millis, 0, ++count_); }

 private:
  uint64_t count_ = 0;
};

// "status reason" of a refusal, or "accepted N".
inline std::string outcome(const CaptureVerdict& verdict) {
  if (verdict) return "accepted " + std::to_string(verdict->events.size());
  return std::to_string(verdict.error().status) + " " +
         std::string(to_string(verdict.error().reason));
}

}  // namespace mr::event
