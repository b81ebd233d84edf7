#include "hog/time_zone.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "hog/calendar.h"
#include "hog/host.h"

namespace mr::hog {
namespace {

constexpr size_t header_size = 44;
constexpr size_t zones_max = 600;
constexpr int seconds_per_hour = 3600;

int64_t big_endian(std::string_view bytes) {
  uint64_t value = (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0 ? ~uint64_t{0} : 0;
  for (const char c : bytes) value = (value << 8U) | static_cast<unsigned char>(c);
  return static_cast<int64_t>(value);
}

// The counts in a header: UTC flags, standard flags, leap seconds, changes, types, characters.
constexpr int counts_size = 6;
enum Count : uint8_t { utc_flags, standard_flags, leaps, changes, types, characters };

bool read_header(std::string_view file, int32_t (&counts)[counts_size]) {
  if (file.size() < header_size || !file.starts_with("TZif")) return false;
  for (size_t i = 0; i < counts_size; ++i) {
    counts[i] = static_cast<int32_t>(big_endian(file.substr(20 + i * 4, 4)));
    constexpr int32_t count_max = 100'000;
    if (counts[i] < 0 || counts[i] > count_max) return false;
  }
  return true;
}

size_t block_size(const int32_t (&counts)[counts_size], size_t time_size) {
  const auto count = [&](Count which) { return static_cast<size_t>(counts[which]); };
  return count(changes) * (time_size + 1) + count(types) * 6 + count(characters) +
         count(leaps) * (time_size + 4) + count(standard_flags) + count(utc_flags);
}

}  // namespace

// Reads the rule for the time after the last change: "CET-1CEST,M3.5.0,M10.5.0/3".
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  char front() const { return text_.empty() ? '\0' : text_.front(); }
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool skip_name() {
    size_t length = 0;
    if (text_.starts_with('<')) {
      length = text_.find('>');
      if (length == std::string_view::npos) return false;
      ++length;
    } else {
      while (length < text_.size() && std::isalpha(static_cast<unsigned char>(text_[length]))) {
        ++length;
      }
    }
    text_.remove_prefix(length);
    return length > 0;
  }
  std::optional<int> number() {
    int value = 0;
    size_t length = 0;
    for (; length < text_.size() && length < 4; ++length) {
      if (text_[length] < '0' || text_[length] > '9') break;
      value = value * 10 + (text_[length] - '0');
    }
    text_.remove_prefix(length);
    return length > 0 ? std::optional(value) : std::nullopt;
  }
  // [+-]hh[:mm[:ss]] in seconds.
  std::optional<int> time() {
    const bool minus = take('-');
    if (!minus) take('+');
    int seconds = 0;
    for (int unit = seconds_per_hour; unit > 0; unit /= 60) {
      const auto value = number();
      if (!value) return std::nullopt;
      seconds += *value * unit;
      if (!take(':')) break;
    }
    return minus ? -seconds : seconds;
  }
  bool rule(TimeZone::YearlyRule& rule) {
    using Form = TimeZone::YearlyRule::Form;
    if (!take(',')) return false;
    if (take('M')) {
      const auto month = number();
      const bool first_point = take('.');
      const auto week = number();
      const bool second_point = take('.');
      const auto day = number();
      if (!month || !week || !day || !first_point || !second_point) return false;
      if (*month < 1 || *month > 12) return false;
      rule.month = *month;
      rule.week = *week;
      rule.day = *day;
    } else {
      rule.form = take('J') ? Form::julian : Form::day_of_year;
      const auto day = number();
      if (!day) return false;
      rule.day = *day;
    }
    if (!take('/')) return true;
    const auto seconds = time();
    rule.seconds = seconds.value_or(0);
    return seconds.has_value();
  }

 private:
  std::string_view text_;
};

// The moment of the rule in that year, while clocks are `offset` from UTC.
int64_t TimeZone::YearlyRule::at(int64_t year, int offset) const {
  int64_t days = 0;
  if (form == Form::month_week) {
    const int64_t first = days_from(year, month, 1);
    const int wanted = day == 0 ? 7 : day;
    days = first + (wanted - weekday_of(first) + 7) % 7 + (week - 1) * 7;
    if (days >= first + days_in_month(year, month)) days -= 7;
  } else {
    const bool leap = days_in_month(year, 2) == 29;
    const bool shifted = form == Form::julian && !(leap && day >= 60);
    days = days_from(year, 1, 1) + day - (shifted ? 1 : 0);
  }
  return days * seconds_per_day + seconds - offset;
}

std::unique_ptr<TimeZone> TimeZone::fixed(int offset_seconds) {
  auto zone = std::make_unique<TimeZone>();
  zone->first_offset_ = offset_seconds;
  return zone;
}

std::unique_ptr<TimeZone> TimeZone::parse(std::string_view file) {
  int32_t counts[counts_size];
  if (!read_header(file, counts)) return nullptr;
  const bool has_second_block = file[4] >= '2';
  size_t time_size = 4;
  if (has_second_block) {
    const size_t skipped = header_size + block_size(counts, time_size);
    if (skipped > file.size()) return nullptr;
    file.remove_prefix(skipped);
    if (!read_header(file, counts)) return nullptr;
    time_size = 8;
  }
  const size_t size = block_size(counts, time_size);
  if (header_size + size > file.size()) return nullptr;
  auto zone = std::make_unique<TimeZone>();
  if (!zone->read_block(file.substr(header_size, size), time_size, counts)) return nullptr;
  const std::string_view footer = file.substr(header_size + size);
  if (has_second_block && footer.size() > 2 && footer.front() == '\n') {
    const size_t end = footer.find('\n', 1);
    if (end != std::string_view::npos) zone->has_rule_ = zone->read_rule(footer.substr(1, end - 1));
  }
  return zone;
}

bool TimeZone::read_block(std::string_view block, size_t time_size, const int32_t* counts) {
  const auto change_count = static_cast<size_t>(counts[changes]);
  const auto type_count = static_cast<size_t>(counts[types]);
  if (type_count == 0) return false;
  const std::string_view type_of = block.substr(change_count * time_size, change_count);
  const std::string_view type_table = block.substr(change_count * (time_size + 1), type_count * 6);
  const auto offset_of = [&](size_t type) {
    return static_cast<int32_t>(big_endian(type_table.substr(type * 6, 4)));
  };
  first_offset_ = offset_of(0);
  for (size_t i = 0; i < change_count; ++i) {
    const auto type = static_cast<unsigned char>(type_of[i]);
    if (type >= type_count) return false;
    changes_.push_back(big_endian(block.substr(i * time_size, time_size)));
    offsets_.push_back(offset_of(type));
  }
  return std::ranges::is_sorted(changes_);
}

bool TimeZone::read_rule(std::string_view text) {
  RuleReader reader(text);
  if (!reader.skip_name()) return false;
  const auto standard = reader.time();
  if (!standard) return false;
  standard_offset_ = -*standard;
  if (reader.at_end()) return true;
  if (!reader.skip_name()) return false;
  summer_offset_ = standard_offset_ + seconds_per_hour;
  if (reader.front() != ',') {
    const auto summer = reader.time();
    if (!summer) return false;
    summer_offset_ = -*summer;
  }
  has_summer_ = reader.rule(summer_begins_) && reader.rule(summer_ends_);
  return has_summer_;
}

int TimeZone::offset_by_rule(double utc_seconds) const {
  if (!has_summer_) return standard_offset_;
  const auto moment = static_cast<int64_t>(std::floor(utc_seconds));
  const int64_t days =
      static_cast<int64_t>(std::floor((utc_seconds + standard_offset_) / seconds_per_day));
  const int64_t year = day_from(days).year;
  const int64_t begins = summer_begins_.at(year, standard_offset_);
  const int64_t ends = summer_ends_.at(year, summer_offset_);
  const bool summer =
      begins < ends ? moment >= begins && moment < ends : moment >= begins || moment < ends;
  return summer ? summer_offset_ : standard_offset_;
}

int TimeZone::offset_at(double utc_seconds) const {
  constexpr double seconds_max = 1e13;
  if (!(std::abs(utc_seconds) < seconds_max)) return first_offset_;
  const auto moment = static_cast<int64_t>(std::floor(utc_seconds));
  const auto after = std::ranges::upper_bound(changes_, moment);
  if (after == changes_.end() && has_rule_) return offset_by_rule(utc_seconds);
  if (after == changes_.begin()) return first_offset_;
  return offsets_[static_cast<size_t>(after - changes_.begin()) - 1];
}

double TimeZone::utc_of(double wall_seconds) const {
  // The offset before any change nearby, and the one after it.
  const int before = offset_at(wall_seconds - seconds_per_day);
  const int after = offset_at(wall_seconds + seconds_per_day);
  const double early = wall_seconds - before;
  if (before == after || offset_at(early) == before) return early;
  const double late = wall_seconds - after;
  return offset_at(late) == after ? late : early;
}

const TimeZone* TimeZones::find(std::string_view name) {
  const auto known = zones_.find(std::string(name));
  if (known != zones_.end()) return known->second.get();
  if (zones_.size() == zones_max) zones_.clear();
  std::unique_ptr<TimeZone> zone;
  if (name == "UTC" || name == "utc" || name == "Etc/UTC" || name == "GMT") {
    zone = TimeZone::fixed(0);
  } else if (const auto file = host_.time_zone(name)) {
    zone = TimeZone::parse(*file);
  }
  return zones_.emplace(std::string(name), std::move(zone)).first->second.get();
}

}  // namespace mr::hog
