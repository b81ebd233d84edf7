#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What a process counts, in the words and the text format of Prometheus
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
namespace mr::telemetry {

// One label of a series. The texts are copied when a series is registered.
struct Label {
  std::string_view name;
  std::string_view value;
};

// A number that only rises, from 0 at the start of the process. Any thread.
class Counter {
 public:
  void add(uint64_t count = 1) noexcept { value_.fetch_add(count, std::memory_order_relaxed); }
  uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// A number that rises and falls. Any thread.
class Gauge {
 public:
  void set(int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(int64_t change) noexcept { value_.fetch_add(change, std::memory_order_relaxed); }
  int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// How often an observed number fell below each of a few fixed bounds. Any thread.
class Histogram {
 public:
  // `bounds` rise; a last bound of infinity is implied.
  explicit Histogram(std::span<const double> bounds);
  void observe(double value) noexcept;
  // Observations in all.
  uint64_t count() const noexcept;
  double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

 private:
  friend class Metrics;
  std::vector<double> bounds_;
  std::vector<std::atomic<uint64_t>> buckets_;  // one more than bounds_
  std::atomic<double> sum_{0};
};

// Bounds that fit most uses: durations in seconds from 100 us to 10 s, sizes in bytes.
std::span<const double> seconds_bounds();
std::span<const double> bytes_bounds();

// More series than this under one name are counted together, with each label's value "other".
inline constexpr size_t series_per_name_max = 4096;

// The registry of one process. Objects that it hands out live as long as it does; components get
// theirs when they are made and keep the reference. Registering a series that exists yields the
// existing one. Loop thread only, except for what the handed-out objects allow.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // `name` is a Prometheus name starting with "millrace_", `help` one sentence. One name has one
  // type, one help text and always the same label names.
  Counter& counter(std::string_view name, std::string_view help,
                   std::initializer_list<Label> labels = {});
  Gauge& gauge(std::string_view name, std::string_view help,
               std::initializer_list<Label> labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                       std::initializer_list<Label> labels = {});

  // The value of a registered counter or gauge, 0 when there is no such series: for tests and for
  // the status report.
  int64_t value(std::string_view name, std::initializer_list<Label> labels = {}) const;

  // Everything in the text format, names in the order of registration.
  std::string render() const;

 private:
  enum class Kind : uint8_t { counter, gauge, histogram };
  struct Series;
  struct Family;
  Family& family(std::string_view name, std::string_view help, Kind kind);
  const Family* find(std::string_view name) const;
  Series& series(Family& family, std::initializer_list<Label> labels);

  std::vector<std::unique_ptr<Family>> families_;
};

}  // namespace mr::telemetry
