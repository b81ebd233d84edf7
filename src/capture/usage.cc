#include "capture/usage.h"

#include <ctime>

#include "codec/byte_reader.h"
#include "codec/byte_writer.h"
#include "codec/checked_block.h"
#include "io/clock.h"

namespace mr::capture {
namespace {

constexpr codec::BlockKind file_kind{"MRUSAGES", 1, "usage file"};
constexpr uint64_t file_bytes_max = 16 * 1024 * 1024;
constexpr Millis write_pause{1'000};
constexpr std::array periods = {catalog::Period::day, catalog::Period::month};

}  // namespace

int64_t period_number(catalog::Period period, WallTime at) {
  constexpr int64_t day_millis = 86'400'000;
  const int64_t day = (at.millis - (at.millis < 0 ? day_millis - 1 : 0)) / day_millis;
  if (period == catalog::Period::day) return day;
  const time_t seconds = day * (day_millis / 1000);
  tm date{};
  ::gmtime_r(&seconds, &date);
  constexpr int years_before_1970 = 70;  // tm counts from 1900
  constexpr int months_a_year = 12;
  return (date.tm_year - years_before_1970) * months_a_year + date.tm_mon;
}

Usage::Usage(io::World world, io::Path file, telemetry::Logger& log)
    : world_(world), file_(std::move(file)), log_(log), stop_asked_(world.loop) {
}

void Usage::add(ProjectId project, catalog::Resource resource, int64_t quantity) {
  Counts& counts = counts_[{project.value, resource}];
  const WallTime now = world_.clock.wall();
  for (const catalog::Period period : periods) {
    Count& count = counts.by_period[static_cast<size_t>(period)];
    const int64_t number = period_number(period, now);
    if (count.period != number) count = {number, 0};
    count.quantity += quantity;
  }
  changed_ = true;
}

int64_t Usage::used(ProjectId project, catalog::Resource resource, catalog::Period period) const {
  const auto found = counts_.find({project.value, resource});
  if (found == counts_.end()) return 0;
  const Count& count = found->second.by_period[static_cast<size_t>(period)];
  return count.period == period_number(period, world_.clock.wall()) ? count.quantity : 0;
}

std::string Usage::to_json() const {
  std::string out = R"({"usage":[)";
  for (const auto& [key, counts] : counts_) {
    const ProjectId project(key.first);
    if (out.back() != '[') out += ',';
    out += R"({"project":)" + std::to_string(key.first);
    out += R"(,"resource":")" + std::string(to_string(key.second)) + '"';
    for (const catalog::Period period : periods) {
      out += ",\"" + std::string(to_string(period)) + "\":";
      out += std::to_string(used(project, key.second, period));
    }
    out += '}';
  }
  return out + "]}";
}

Bytes Usage::encode() const {
  Bytes body;
  codec::put_unsigned_varlong(body, counts_.size());
  for (const auto& [key, counts] : counts_) {
    codec::put_varlong(body, key.first);
    codec::put_u8(body, static_cast<uint8_t>(key.second));
    for (const Count& count : counts.by_period) {
      codec::put_varlong(body, count.period);
      codec::put_varlong(body, count.quantity);
    }
  }
  return codec::seal_block(file_kind, body);
}

Result<void> Usage::decode(ByteView bytes) {
  MR_TRY(const codec::OpenedBlock block, codec::open_block(file_kind, bytes));
  codec::ByteReader reader(block.body);
  const uint64_t rows = reader.unsigned_varlong();
  for (uint64_t i = 0; i < rows && reader.ok(); ++i) {
    const int64_t project = reader.varlong();
    const auto resource = static_cast<catalog::Resource>(reader.u8());
    Counts counts;
    for (Count& count : counts.by_period) {
      count.period = reader.varlong();
      count.quantity = reader.varlong();
    }
    const bool known = static_cast<size_t>(resource) < catalog::all_resources.size();
    if (reader.ok() && known) counts_[{project, resource}] = counts;
  }
  return {};
}

io::Task<void> Usage::load() {
  const auto bytes = co_await io::read_whole_file(world_.disk, file_, file_bytes_max);
  if (!bytes && bytes.error().code() == ErrorCode::not_found) co_return;
  const Result<void> read = bytes ? decode(*bytes) : Result<void>(fail(bytes.error()));
  if (read) co_return;
  log_.error("what projects have sent cannot be read: quotas count from nothing",
             {{"file", file_}, {"error", read.error().message()}});
}

io::Task<void> Usage::keep() {
  while (!stopping_) {
    co_await stop_asked_.wait_until(world_.clock, world_.clock.now() + write_pause);
    co_await write();
  }
  co_await write();
}

void Usage::stop() {
  stopping_ = true;
  stop_asked_.notify();
}

io::Task<void> Usage::write() {
  if (!changed_) co_return;
  changed_ = false;
  const auto written = co_await io::replace_file(world_.disk, file_, encode());
  if (!written) {
    changed_ = true;
    if (!failing_) {
      log_.error("what projects have sent cannot be written: a restart would forget it",
                 {{"file", file_}, {"error", written.error().message()}});
    }
  }
  failing_ = !written;
}

}  // namespace mr::capture
