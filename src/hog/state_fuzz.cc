#include <cstddef>
#include <cstdint>

#include "hog/machine.h"
#include "hog/test_support.h"

// The stored state of a suspended run, damaged or forged: it is refused, or runs safely.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mr::hog;
  TestHost host;
  host.async = {"fetch"};
  const Limits limits{.memory_bytes_max = 1U << 20U, .operations_max = 20'000};
  Heap heap(limits.memory_bytes_max);
  Machine machine(heap, host, limits);
  const std::string_view state(reinterpret_cast<const char*>(data), size);
  if (!machine.load_state(state, Value())) return 0;
  const Outcome outcome = machine.resume(Value(1.0));
  if (outcome.end == End::suspended) static_cast<void>(machine.save_state());
  return 0;
}
