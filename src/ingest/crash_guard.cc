#include "ingest/crash_guard.h"

namespace mr::ingest {
namespace {

uint64_t check_over(uint64_t crash, uint64_t count) {
  uint64_t mixed = crash * 0x9E3779B97F4A7C15ULL ^ (count + 0x6D72636867756172ULL);
  mixed ^= mixed >> 29;
  return mixed * 0xBF58476D1CE4E5B9ULL;
}

}  // namespace

CrashGuard::CrashGuard(std::unique_ptr<io::SharedPage> page) : page_(std::move(page)) {
  const uint64_t in_work = page_->load(0);
  uint64_t crash = page_->load(1);
  uint64_t count = page_->load(2);
  if (page_->load(3) != check_over(crash, count)) crash = count = 0;
  if (in_work != 0) {
    count = in_work == crash ? count + 1 : 1;
    crash = in_work;
  }
  page_->store(1, crash);
  page_->store(2, count);
  page_->store(3, check_over(crash, count));
  page_->store(0, 0);
  crashes_ = count;
  if (crash != 0) last_crash_ = decode(crash);
}

RecordPlace CrashGuard::decode(uint64_t word) {
  constexpr uint64_t offset_mask = (uint64_t{1} << offset_bits) - 1;
  constexpr uint64_t partition_mask = (uint64_t{1} << partition_bits) - 1;
  return {static_cast<event::Lane>(word >> (offset_bits + partition_bits)),
          static_cast<int32_t>(word >> offset_bits & partition_mask),
          Offset(static_cast<int64_t>((word & offset_mask) - 1))};
}

std::optional<RecordPlace> CrashGuard::poisoned() const {
  if (crashes_ < crashes_max) return std::nullopt;
  return last_crash_;
}

}  // namespace mr::ingest
