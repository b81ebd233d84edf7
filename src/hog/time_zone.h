#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mr::hog {

class Host;

// One time zone: when its distance to UTC changes.
class TimeZone {
 public:
  // Reads a file of the time zone database (RFC 8536); nullptr when it is none.
  static std::unique_ptr<TimeZone> parse(std::string_view file);
  // A zone that never changes.
  static std::unique_ptr<TimeZone> fixed(int offset_seconds);

  // Seconds to add to UTC at that moment.
  int offset_at(double utc_seconds) const;
  // The moment at which the clocks show that. A time that is skipped is read with the offset from
  // before; of a time that comes twice it is the first.
  double utc_of(double wall_seconds) const;

 private:
  // "M3.5.0/2": the last Sunday of March at 2:00.
  struct YearlyRule {
    enum class Form : uint8_t { month_week, julian, day_of_year } form = Form::month_week;
    int month = 0, week = 0, day = 0;
    int seconds = 2 * 3600;

    int64_t at(int64_t year, int offset) const;
  };
  friend class RuleReader;

  bool read_block(std::string_view block, size_t time_size, const int32_t* counts);
  bool read_rule(std::string_view text);
  int offset_by_rule(double utc_seconds) const;

  std::vector<int64_t> changes_;  // moments, rising
  std::vector<int32_t> offsets_;  // from each of them on
  int32_t first_offset_ = 0;      // before all of them
  bool has_rule_ = false;         // for after the last of them
  bool has_summer_ = false;
  int standard_offset_ = 0;
  int summer_offset_ = 0;
  YearlyRule summer_begins_, summer_ends_;
};

// The zones of one machine, asked of its host once each.
class TimeZones {
 public:
  explicit TimeZones(Host& host) : host_(host) {}

  // By IANA name; nullptr for an unknown one.
  const TimeZone* find(std::string_view name);

 private:
  Host& host_;
  std::unordered_map<std::string, std::unique_ptr<TimeZone>> zones_;
};

}  // namespace mr::hog
