#include "telemetry/metrics.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <unordered_map>

#include "base/assert.h"

namespace mr::telemetry {
namespace {

constexpr std::array<double, 16> seconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                            0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                            1,      2.5,     5,      10};
constexpr std::array<double, 9> bytes = {256,    1024,    4096,    16384,   65536,
                                         262144, 1048576, 4194304, 16777216};

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
}

// name="value",… without braces: the identity of a series and its text.
std::string label_text(std::initializer_list<Label> labels) {
  std::string out;
  for (const Label& label : labels) {
    if (!out.empty()) out += ',';
    out.append(label.name).append("=\"");
    append_escaped(out, label.value);
    out += '"';
  }
  return out;
}

void append_number(std::string& out, double value) {
  char text[32];
  const int length = std::snprintf(text, sizeof text, "%.9g", value);
  out.append(text, static_cast<size_t>(length));
}

void append_sample(std::string& out, std::string_view name, std::string_view suffix,
                   std::string_view labels, std::string_view extra) {
  out.append(name).append(suffix);
  if (!labels.empty() || !extra.empty()) {
    out.append("{").append(labels);
    if (!labels.empty() && !extra.empty()) out += ',';
    out.append(extra).append("}");
  }
  out += ' ';
}

}  // namespace

std::span<const double> seconds_bounds() {
  return seconds;
}
std::span<const double> bytes_bounds() {
  return bytes;
}

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()), buckets_(bounds.size() + 1) {
}

void Histogram::observe(double value) noexcept {
  size_t bucket = 0;
  while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

uint64_t Histogram::count() const noexcept {
  uint64_t total = 0;
  for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
  return total;
}

struct Metrics::Series {
  std::string labels;
  Counter counter;
  Gauge gauge;
  std::unique_ptr<Histogram> histogram;
};

struct Metrics::Family {
  std::string name;
  std::string help;
  Kind kind;
  std::vector<std::unique_ptr<Series>> series;
  std::unordered_map<std::string, Series*> by_labels;
};

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

const Metrics::Family* Metrics::find(std::string_view name) const {
  for (const auto& family : families_) {
    if (family->name == name) return family.get();
  }
  return nullptr;
}

Metrics::Family& Metrics::family(std::string_view name, std::string_view help, Kind kind) {
  if (const Family* found = find(name); found != nullptr) {
    MR_ASSERT(found->kind == kind);
    return const_cast<Family&>(*found);
  }
  MR_ASSERT(name.starts_with("millrace_"));
  families_.push_back(std::make_unique<Family>());
  Family& made = *families_.back();
  made.name = name;
  made.help = help;
  made.kind = kind;
  return made;
}

Metrics::Series& Metrics::series(Family& family, std::initializer_list<Label> labels) {
  std::string text = label_text(labels);
  if (const auto found = family.by_labels.find(text); found != family.by_labels.end()) {
    return *found->second;
  }
  if (family.series.size() >= series_per_name_max) {
    text.clear();
    for (const Label& label : labels) {
      text.append(text.empty() ? "" : ",").append(label.name).append("=\"other\"");
    }
    if (const auto found = family.by_labels.find(text); found != family.by_labels.end()) {
      return *found->second;
    }
  }
  family.series.push_back(std::make_unique<Series>());
  Series& made = *family.series.back();
  made.labels = text;
  family.by_labels.emplace(std::move(text), &made);
  return made;
}

Counter& Metrics::counter(std::string_view name, std::string_view help,
                          std::initializer_list<Label> labels) {
  MR_ASSERT(name.ends_with("_total"));
  return series(family(name, help, Kind::counter), labels).counter;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help,
                      std::initializer_list<Label> labels) {
  return series(family(name, help, Kind::gauge), labels).gauge;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help,
                              std::span<const double> bounds, std::initializer_list<Label> labels) {
  Series& found = series(family(name, help, Kind::histogram), labels);
  if (found.histogram == nullptr) found.histogram = std::make_unique<Histogram>(bounds);
  return *found.histogram;
}

int64_t Metrics::value(std::string_view name, std::initializer_list<Label> labels) const {
  const Family* family = find(name);
  if (family == nullptr) return 0;
  const auto found = family->by_labels.find(label_text(labels));
  if (found == family->by_labels.end()) return 0;
  if (family->kind == Kind::counter) return static_cast<int64_t>(found->second->counter.value());
  return found->second->gauge.value();
}

std::string Metrics::render() const {
  std::string out;
  const auto render_histogram = [&out](const Family& family, const Series& series) {
    const Histogram& histogram = *series.histogram;
    uint64_t below = 0;
    for (size_t i = 0; i < histogram.buckets_.size(); ++i) {
      below += histogram.buckets_[i].load(std::memory_order_relaxed);
      std::string bound = "le=\"";
      if (i < histogram.bounds_.size()) {
        append_number(bound, histogram.bounds_[i]);
      } else {
        bound += "+Inf";
      }
      append_sample(out, family.name, "_bucket", series.labels, bound + "\"");
      out.append(std::to_string(below)).append("\n");
    }
    append_sample(out, family.name, "_sum", series.labels, "");
    append_number(out, histogram.sum());
    out += '\n';
    append_sample(out, family.name, "_count", series.labels, "");
    out.append(std::to_string(below)).append("\n");
  };
  for (const auto& family : families_) {
    static constexpr const char* kinds[] = {"counter", "gauge", "histogram"};
    out.append("# HELP ").append(family->name).append(" ").append(family->help);
    out.append("\n# TYPE ").append(family->name).append(" ");
    out.append(kinds[static_cast<size_t>(family->kind)]).append("\n");
    for (const auto& series : family->series) {
      if (family->kind == Kind::histogram) {
        render_histogram(*family, *series);
        continue;
      }
      append_sample(out, family->name, "", series->labels, "");
      out += family->kind == Kind::counter ? std::to_string(series->counter.value())
                                           : std::to_string(series->gauge.value());
      out += '\n';
    }
  }
  return out;
}

}  // namespace mr::telemetry
