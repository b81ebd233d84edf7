#include <cstddef>
#include <cstdint>

#include "hog/machine.h"
#include "hog/test_support.h"

// Bytecode from anyone: whatever the cells are, a run ends, within its limits. The input is JSON,
// or else one cell a byte, which reaches deep instructions sooner.
namespace {

mr::hog::Program program_of(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto program = mr::hog::read_program(text)) return *std::move(program);
  constexpr const char* names[] = {"arrayMap", "fetch", "concat", "x", "toDateTime", "jsonParse"};
  mr::hog::Program program{{"_H", 1}};
  for (size_t i = 0; i < size; ++i) {
    const int byte = data[i];
    if (byte >= 250) {
      program.cells.emplace_back(names[byte - 250]);
    } else if (byte >= 200) {
      program.cells.emplace_back(200 - byte);
    } else {
      program.cells.emplace_back(byte);
    }
  }
  return program;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mr::hog;
  TestHost host;
  host.async = {"fetch"};
  const Code code(program_of(data, size));
  const Limits limits{.memory_bytes_max = 1U << 20U, .operations_max = 20'000};
  Heap heap(limits.memory_bytes_max);
  Machine machine(heap, host, limits);
  Outcome outcome = machine.run(code, Value());
  for (int i = 0; outcome.end == End::suspended && i < 3; ++i) {
    outcome = Outcome();
    const auto state = machine.save_state();
    if (!state || !machine.load_state(*state, Value())) break;
    outcome = machine.resume(Value(1.0));
  }
  return 0;
}
