#include "hog/machine.h"

#include <cmath>

#include "hog/coerce.h"

namespace mr::hog {

// By number.
const Machine::Handler Machine::handlers[opcode_max + 1] = {
    &Machine::unknown,           // no instruction
    &Machine::op_get_global,     // 1
    &Machine::op_call_global,    //
    &Machine::op_logical_and,    //
    &Machine::op_logical_or,     //
    &Machine::op_not,            // 5
    &Machine::op_arithmetic,     // +
    &Machine::op_arithmetic,     // -
    &Machine::op_arithmetic,     // *
    &Machine::op_arithmetic,     // /
    &Machine::op_arithmetic,     // 10 %
    &Machine::op_compare,        // =
    &Machine::op_compare,        // !=
    &Machine::op_compare,        // >
    &Machine::op_compare,        // >=
    &Machine::op_compare,        // 15 <
    &Machine::op_compare,        // <=
    &Machine::op_like,           // like
    &Machine::op_like,           // ilike
    &Machine::op_like,           // not like
    &Machine::op_like,           // 20 not ilike
    &Machine::op_in,             // in
    &Machine::op_in,             // not in
    &Machine::op_regex,          // =~
    &Machine::op_regex,          // !~
    &Machine::op_regex,          // 25 =~*
    &Machine::op_regex,          // !~*
    &Machine::unknown,           // in cohort
    &Machine::unknown,           // not in cohort
    &Machine::op_push_true,      //
    &Machine::op_push_false,     // 30
    &Machine::op_push_null,      //
    &Machine::op_push_constant,  // text
    &Machine::op_push_constant,  // integer
    &Machine::op_push_constant,  // float
    &Machine::op_pop,            // 35
    &Machine::op_get_local,      //
    &Machine::op_set_local,      //
    &Machine::op_return,         //
    &Machine::op_jump,           //
    &Machine::op_jump_if_false,  // 40
    &Machine::op_declare_function,
    &Machine::op_dict,              //
    &Machine::op_list,              // array
    &Machine::op_list,              // tuple
    &Machine::op_get_property,      // 45
    &Machine::op_set_property,      //
    &Machine::op_jump_if_not_null,  //
    &Machine::op_get_property,      // of null is null: always so
    &Machine::op_throw,             //
    &Machine::op_push_try,          // 50
    &Machine::op_pop_try,           //
    &Machine::op_callable,          //
    &Machine::op_closure,           //
    &Machine::op_call_local,        //
    &Machine::op_get_upvalue,       // 55
    &Machine::op_set_upvalue,       //
    &Machine::op_close_upvalue,     // 57
};

Machine::Machine(Heap& heap, Host& host, const Limits& limits)
    : heap_(heap),
      host_(host),
      budget_(host, limits),
      zones_(host),
      context_{heap_, budget_, host_, regexes_, zones_} {
}

Machine::~Machine() {
  reset();
  heap_.give_back(stack_bytes_);
}

const Code* Machine::own(Program program) {
  auto code = std::make_shared<const Code>(std::move(program));
  heap_.keep(code);
  return code.get();
}

void Machine::reset() {
  stack_.clear();
  frames_.clear();
  try_blocks_.clear();
  open_upvalues_.clear();
  declared_.clear();
  chunks_.clear();
  outcome_ = Outcome();
  async_steps_ = 0;
}

Outcome Machine::run(const Code& code, const Value& globals) {
  reset();
  budget_.start(0, 0);
  chunks_.push_back({"root", &code, globals});
  frames_.push_back({&chunks_.front(), code.first(), 0, 0, Value()});
  leave_to(1);
  return go_on();
}

Outcome Machine::resume(Value reply) {
  const double millis = budget_.millis();
  outcome_ = Outcome();
  if (frames_.empty()) {
    fail_machine("There is no suspended run to resume");
    return std::move(outcome_);
  }
  budget_.start(millis, budget_.operations());
  leave_to(static_cast<uint32_t>(frames_.size()));
  if (!push(std::move(reply))) return std::move(outcome_);
  return go_on();
}

Outcome Machine::go_on() {
  while (step()) {
  }
  return std::move(outcome_);
}

bool Machine::step() {
  if (position_ >= cells_size_) return run_off_end();
  opcode_ = cells_[position_++].opcode;
  const bool in_time = budget_.step();
  if (!in_time) return fail_limits();
  if (!(this->*handlers[opcode_])()) return false;
  if (heap_.exceeded() || budget_.exhausted()) return fail_limits();
  return true;
}

// The end of a chunk returns what is on top.
bool Machine::run_off_end() {
  const bool empty = stack_.size() <= stack_start_;
  if (frames_.size() > 1) {
    return (!empty || push(Value())) && op_return();
  }
  return finish(empty ? Value() : stack_.back());
}

bool Machine::finish(Value result) {
  outcome_.end = End::finished;
  outcome_.result = std::move(result);
  cut_stack(0);
  frames_.clear();
  return false;
}

bool Machine::fail_machine(std::string message) {
  outcome_.end = End::failed;
  outcome_.failure = Failure{.name = "HogVMException", .message = std::move(message)};
  return false;
}

bool Machine::fail_native(const Error& error, std::string_view function, uint32_t arguments) {
  fail_machine(error.message());
  Failure& failure = *outcome_.failure;
  failure.name = "Error";
  failure.call = std::string(function) + "(";
  const size_t first = stack_.size() - std::min<size_t>(arguments, stack_.size());
  for (size_t i = first; i < stack_.size(); ++i) {
    if (i > first) failure.call += ", ";
    failure.call += type_name(stack_[i]);
  }
  failure.call += ")";
  return false;
}

bool Machine::fail_limits() {
  const Limits& limits = budget_.limits();
  if (heap_.exceeded()) {
    return fail_machine("Memory limit of " + std::to_string(heap_.bytes_max()) +
                        " bytes exceeded. Tried to allocate " +
                        std::to_string(heap_.bytes_refused()) + " bytes.");
  }
  if (budget_.operations() > limits.operations_max) {
    return fail_machine("Execution exceeded its budget of " +
                        std::to_string(limits.operations_max) + " operations.");
  }
  return fail_machine("Execution timed out after " + number_text(limits.time_millis_max / 1000) +
                      " seconds. Performed " + std::to_string(budget_.operations()) + " ops.");
}

bool Machine::unknown() {
  const Code::Cell& cell = cells_[position_ - 1];
  std::string what = "null";
  if (cell.constant.is_number()) what = number_text(cell.constant.number());
  if (cell.constant.is_text()) what = std::string(cell.constant.text().view());
  if (cell.constant.kind() == Kind::boolean) what = cell.constant.boolean() ? "true" : "false";
  return fail_machine("Unexpected node while running bytecode in chunk \"" +
                      frames_.back().chunk->name + "\": " + what);
}

bool Machine::fail_end_of_bytecode() {
  return fail_machine("Unexpected end of bytecode");
}

// The operand last read is none that its instruction can take.
bool Machine::fail_operand() {
  return fail_machine("Invalid operand at position " + std::to_string(position_ - 1));
}

bool Machine::fail_empty_stack() {
  return fail_machine("Invalid HogQL bytecode, stack is empty, can not pop");
}

bool Machine::operand_count(uint32_t& count) {
  int32_t integer = 0;
  if (!operand(integer)) return false;
  if (integer < 0) return fail_operand();
  count = static_cast<uint32_t>(integer);
  return true;
}

bool Machine::operand_text(Value& text) {
  if (position_ >= cells_size_) return fail_end_of_bytecode();
  text = cells_[position_++].constant;
  return text.is_text() || fail_operand();
}

bool Machine::grow_stack() {
  constexpr size_t smallest = 64;
  const size_t capacity = std::max(smallest, stack_.capacity() * 2);
  if (!heap_.take(capacity * sizeof(Value))) return fail_limits();
  stack_.reserve(capacity);
  heap_.give_back(stack_bytes_);
  stack_bytes_ = capacity * sizeof(Value);
  return true;
}

bool Machine::jump_by(int32_t distance) {
  const int64_t target = static_cast<int64_t>(position_) + distance;
  if (target < 0) return fail_machine("Jump out of the bytecode");
  position_ = static_cast<uint32_t>(std::min<int64_t>(target, cells_size_));
  return true;
}

void Machine::cut_stack(size_t size) {
  close_upvalues(size);
  if (stack_.size() > size) stack_.resize(size);
}

}  // namespace mr::hog
