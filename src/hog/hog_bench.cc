#include <chrono>
#include <cstdio>

#include "hog/compiler.h"
#include "hog/json_value.h"
#include "hog/machine.h"
#include "hog/test_support.h"

// How long programs take, in nanoseconds a run: `mr_hog_bench`. Filters come first, since they run
// for every event and destination.
namespace mr::hog {
namespace {

class BenchHost final : public TestHost {
 public:
  double steady_millis() override {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double, std::milli>(now).count();
  }
};

constexpr std::string_view globals_json = R"({
  "event": {"uuid": "0190d3b5-3a3f-7f0e-8c1e-0123456789ab", "event": "$pageview",
    "distinct_id": "user-1", "timestamp": "2024-01-02T03:04:05Z", "elements_chain": "",
    "properties": {"$browser": "Chrome", "$os": "Mac OS X", "$ip": "192.0.2.4",
      "$current_url": "https://example.com/pricing?x=1", "utm_source": "google", "n": 5,
      "amount": 12.5, "$lib": "web", "$device_type": "Desktop", "plan": "pro", "seats": 3}},
  "person": {"id": "x", "properties": {"email": "a@example.com", "name": "Ann"}}})";

struct BenchCase {
  const char* name;
  const char* source;
  int runs;
};

constexpr BenchCase cases[] = {
    {"start", "return 1", 1'000'000},
    {"filter, two equalities",
     "return event.event = '$pageview' and event.properties.$browser = 'Chrome'", 1'000'000},
    {"filter, ilike",
     "return event.event = '$pageview' and event.properties.$current_url ilike '%pricing%'",
     500'000},
    {"filter, regex", "return event.properties.$current_url =~ 'pricing.x=[0-9]+'", 500'000},
    {"recursion", "fn f(n) { if (n < 2) { return n } return f(n-1) + f(n-2) } return f(18)", 50},
    {"loop", "let t := 0; for (let i := 0; i < 10000; i := i + 1) { t := t + i % 7 } return t", 50},
    {"text", "let s := ''; for (let i := 0; i < 1000; i := i + 1) { s := s || 'x' } return s", 50},
    {"arrayMap", "return arrayMap(x -> x * 2, range(1000))", 50},
    {"objects",
     "let o := {}; for (let i := 0; i < 500; i := i + 1) { o[i] := {'a': [i]} } return 1", 50},
    {"closures",
     "fn make(n) { return () -> { n := n + 1; return n } } let t := 0;"
     "for (let i := 0; i < 500; i := i + 1) { let c := make(i); t := t + c() } return t",
     50},
};

void measure(BenchHost& host, const Value& globals, const BenchCase& test) {
  const auto compiled = compile(test.source, SourceForm::program);
  if (!compiled) return;
  const Code code(compiled->program);
  Heap heap(Limits().memory_bytes_max);
  Machine machine(heap, host, Limits());
  const double begun = host.steady_millis();
  for (int i = 0; i < test.runs; ++i) {
    if (machine.run(code, globals).end != End::finished) return;
  }
  const double nanos = (host.steady_millis() - begun) * 1e6 / test.runs;
  std::printf("%-24s %12.0f ns  %6.1f ns an instruction\n", test.name, nanos,
              nanos / static_cast<double>(machine.operations()));
}

}  // namespace
}  // namespace mr::hog

int main() {
  using namespace mr::hog;
  BenchHost host;
  Heap heap(Limits().memory_bytes_max);
  Machine reader(heap, host, Limits());
  const auto globals = read_json(reader.context(), globals_json);
  if (!globals) return 1;
  for (const BenchCase& test : cases) measure(host, *globals, test);
}
