#include "log/model_sim.h"

#include <algorithm>
#include <charconv>

namespace mr::log {

const std::string& Model::make_value(uint64_t bytes) {
  std::string value = "#" + std::to_string(values_.size()) + ":";
  value.resize(value.size() + bytes, static_cast<char>('a' + values_.size() % 26));
  return values_.emplace_back(std::move(value));
}

size_t Model::number_of(std::string_view value) const {
  size_t number = values_.size();
  if (!value.starts_with("#")) return number;
  const auto parsed = std::from_chars(value.data() + 1, value.data() + value.size(), number);
  const bool known = parsed.ec == std::errc() && number < values_.size();
  return known && values_[number] == value ? number : values_.size();
}

void Model::fail(const std::string& what) {
  if (failure.empty()) failure = what;
}

void Model::acknowledge(int64_t offset, const std::string& value, int64_t known_end) {
  if (offset < known_end) fail("L3: an offset lies below an earlier acknowledgement");
  const auto [at, fresh] = acknowledged.emplace(offset, number_of(value));
  if (!fresh) fail("L3: offset " + std::to_string(offset) + " was given twice");
}

void Model::read(int64_t offset, std::string_view value) {
  const size_t number = number_of(value);
  if (number == values_.size()) {
    fail("L2: offset " + std::to_string(offset) + " holds what nobody appended");
  }
  const auto [at, fresh] = seen.emplace(offset, number);
  if (!fresh && at->second != number) {
    fail("L4: offset " + std::to_string(offset) + " changed after it was read");
  }
  const auto known = acknowledged.find(offset);
  if (known != acknowledged.end() && known->second != number) {
    fail("L1: offset " + std::to_string(offset) + " holds another record");
  }
}

bool Model::is_rotten(int64_t offset) const {
  const auto after = rotten.upper_bound(offset);
  return after != rotten.begin() && offset < std::prev(after)->second;
}

void Model::report_damaged(int64_t from, int64_t to) {
  if (from >= to) fail("D1: an empty range is reported as damaged");
  for (int64_t offset = from; offset < to; ++offset) {
    if (is_rotten(offset)) continue;
    fail("D1: offset " + std::to_string(offset) + " is reported as damaged, and is whole");
    return;
  }
}

void Model::report_removed(int64_t to, bool is_registered) {
  if (is_registered) fail("R1: what a registered consumer needs next is gone");
  if (to > finished) {
    fail("R1: what lies below " + std::to_string(to) + " is gone, a consumer needs " +
         std::to_string(finished));
  }
}

void Model::lose_from(int64_t offset, int64_t interval_micros) {
  constexpr int64_t one_commit_micros = 50'000;
  const auto lost = acknowledged.lower_bound(offset);
  if (lost == acknowledged.end()) return;
  if (!power_lost && !sync_failed) fail("S1: answered records are lost though the kernel had them");
  const int64_t age = now - answered_at[lost->first];
  if (!sync_failed && age > interval_micros + one_commit_micros) {
    fail("S1: a record is lost that was answered " + std::to_string(age) + " us ago");
  }
  acknowledged.erase(lost, acknowledged.end());
}

void Model::check_end(int64_t end) {
  if (acknowledged_end() > end) {
    fail("L1: the log ends at " + std::to_string(end) + ", " +
         std::to_string(acknowledged_end() - 1) + " was acknowledged");
  }
  if (!seen.empty() && seen.rbegin()->first >= end) {
    fail("L4: a record that was read has disappeared");
  }
}

void Model::load_position(Consumer& consumer, int64_t next) {
  if (next < consumer.saved) {
    fail("C1: a consumer's position went back from " + std::to_string(consumer.saved) + " to " +
         std::to_string(next));
  }
  if (next > consumer.attempted) {
    fail("C1: a consumer is at " + std::to_string(next) + ", it was given what lies below " +
         std::to_string(consumer.attempted));
  }
}

void Model::check_delivered(const std::string& name, const Consumer& consumer) {
  for (const auto& [offset, number] : acknowledged) {
    if (consumer.delivered.contains(offset) || is_rotten(offset)) continue;
    fail("C2: offset " + std::to_string(offset) + " never reached the consumer " + name);
    return;
  }
}

}  // namespace mr::log
