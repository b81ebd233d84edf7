#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mr::hog {

// The instructions of the machine, with the numbers that the bytecode stores. For operators the
// right operand is pushed first, so the left one is on top of the stack.
enum class Opcode : uint8_t {
  get_global = 1,   // n: n keys, the root's name on top → value
  call_global = 2,  // name, argument count: arguments → result
  logical_and = 3,  // n: n values → boolean
  logical_or = 4,   // n
  logical_not = 5,
  plus = 6,
  minus = 7,
  multiply = 8,
  divide = 9,
  modulo = 10,
  equal = 11,
  not_equal = 12,
  greater = 13,
  greater_or_equal = 14,
  less = 15,
  less_or_equal = 16,
  like = 17,
  ilike = 18,
  not_like = 19,
  not_ilike = 20,
  in = 21,
  not_in = 22,
  regex = 23,
  not_regex = 24,
  iregex = 25,
  not_iregex = 26,
  in_cohort = 27,  // no machine ever had these two
  not_in_cohort = 28,
  push_true = 29,
  push_false = 30,
  push_null = 31,
  string = 32,   // the text
  integer = 33,  // the number
  floating = 34,
  pop = 35,
  get_local = 36,  // slot, counted from the frame's start
  set_local = 37,
  return_value = 38,
  jump = 39,                  // distance, from the cell after the operand
  jump_if_false = 40,         // distance; the condition is popped
  declare_function = 41,      // name, argument count, body length; the body follows; deprecated
  dict = 42,                  // n: 2n values → object
  array = 43,                 // n
  tuple = 44,                 // n
  get_property = 45,          // object, key → value
  set_property = 46,          // object, key, value →
  jump_if_not_null = 47,      // distance; the value stays
  get_property_or_null = 48,  // as get_property; of null it is null
  throw_error = 49,
  push_try = 50,  // distance to the handler
  pop_try = 51,
  callable = 52,     // name, argument count, upvalue count, body length; the body follows
  closure = 53,      // n, then n pairs (is local, index): callable → closure
  call_local = 54,   // argument count: arguments, closure → result
  get_upvalue = 55,  // index
  set_upvalue = 56,
  close_upvalue = 57,
};

inline constexpr int opcode_max = 57;

// Facts about one instruction.
struct OpcodeInfo {
  std::string_view name;  // as disassembly and telemetry print it: "GET_GLOBAL"
  // The cells that follow the instruction. `closure` has two more for each upvalue; the bodies
  // behind `callable` and `declare_function` are instructions of their own and do not count.
  int operands;
};

// The instruction with that number; nothing when there is none.
std::optional<Opcode> opcode_of(int64_t number);

// Its name and operands.
const OpcodeInfo& info_of(Opcode opcode);

}  // namespace mr::hog
