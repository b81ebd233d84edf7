#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace mr::ingest {

// Counters by name, in name order: what happened to the records of a batch, or of all time.
class Counts {
 public:
  void add(std::string_view name, int64_t count = 1) {
    auto found = values_.find(name);
    if (found == values_.end()) found = values_.emplace(std::string(name), 0).first;
    found->second += count;
  }
  int64_t value(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? 0 : found->second;
  }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }
  bool empty() const { return values_.empty(); }

 private:
  std::map<std::string, int64_t, std::less<>> values_;
};

}  // namespace mr::ingest
