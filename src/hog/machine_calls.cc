#include <algorithm>

#include "hog/coerce.h"
#include "hog/json_value.h"
#include "hog/library.h"
#include "hog/machine.h"
#include "hog/text.h"

// Instructions that change where the machine goes on: jumps, functions, captured variables, errors.
namespace mr::hog {

bool Machine::op_jump() {
  int32_t distance = 0;
  return operand(distance) && jump_by(distance);
}

bool Machine::op_jump_if_false() {
  int32_t distance = 0;
  Value condition;
  if (!operand(distance) || !pop(condition)) return false;
  return is_truthy(condition) || jump_by(distance);
}

bool Machine::op_jump_if_not_null() {
  int32_t distance = 0;
  if (!operand(distance)) return false;
  return stack_.empty() || stack_.back().is_null() || jump_by(distance);
}

bool Machine::op_declare_function() {
  Value name;
  uint32_t arguments = 0;
  int32_t length = 0;
  if (!operand_text(name) || !operand_count(arguments) || !operand(length)) return false;
  constexpr size_t declared_max = 10'000;
  if (declared_.size() == declared_max) return fail_machine("Too many declared functions");
  declared_[std::string(name.text().view())] = {position_, arguments, frames_.back().chunk};
  return jump_by(length);
}

bool Machine::op_callable() {
  Value name;
  uint32_t arguments = 0;
  uint32_t upvalues = 0;
  int32_t length = 0;
  if (!operand_text(name) || !operand_count(arguments) || !operand_count(upvalues) ||
      !operand(length)) {
    return false;
  }
  Value made = make_callable(heap_, CallableKind::local, name);
  if (made.is_null()) return fail_limits();
  Callable& callable = made.callable();
  callable.argument_count = arguments;
  callable.upvalue_count = upvalues;
  callable.position = position_;
  callable.chunk = make_text(heap_, frames_.back().chunk->name);
  return push(std::move(made)) && jump_by(length);
}

// The cell that holds the variable of that slot; closures that capture the same one share it.
Value Machine::capture(uint32_t slot) {
  const auto slot_of = [](const Value& cell) {
    return static_cast<const Captured*>(cell.object())->location;
  };
  auto place = open_upvalues_.end();
  while (place != open_upvalues_.begin() && slot_of(*(place - 1)) >= slot) --place;
  if (place != open_upvalues_.end() && slot_of(*place) == slot) return *place;
  Value made = make_upvalue(heap_, slot);
  if (!made.is_null()) open_upvalues_.insert(place, made);
  return made;
}

// The variables from that slot on end; what was captured of them lives on by itself.
void Machine::close_upvalues(size_t from_slot) {
  while (!open_upvalues_.empty()) {
    auto* upvalue = static_cast<Captured*>(open_upvalues_.back().object());
    if (upvalue->location < from_slot) return;
    if (upvalue->location < stack_.size()) upvalue->value = stack_[upvalue->location];
    upvalue->closed = true;
    open_upvalues_.pop_back();
  }
}

bool Machine::op_closure() {
  Value callable;
  if (!pop(callable)) return false;
  if (callable.kind() != Kind::callable) {
    return fail_machine("Invalid callable: " + json_text(context_, callable));
  }
  uint32_t count = 0;
  if (!operand_count(count)) return false;
  if (count != callable.callable().upvalue_count) {
    return fail_machine("Invalid upvalue count. Expected " +
                        std::to_string(callable.callable().upvalue_count) + ", got " +
                        std::to_string(count));
  }
  Value made = make_closure(heap_, std::move(callable));
  if (made.is_null() || !heap_.take(count * sizeof(Value))) return fail_limits();
  std::vector<Value>& upvalues = made.closure().upvalues;
  upvalues.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    int32_t is_local = 0;
    uint32_t index = 0;
    if (!operand(is_local) || !operand_count(index)) return false;
    if (is_local != 0) {
      upvalues.push_back(capture(stack_start_ + index));
    } else {
      Captured* outer = upvalue_at(static_cast<int32_t>(index));
      if (outer == nullptr) return false;
      upvalues.push_back(Value(outer));
    }
    if (upvalues.back().is_null()) return fail_limits();
  }
  return push(std::move(made));
}

// The running function's captured variable; fails and gives null when there is none.
Captured* Machine::upvalue_at(int32_t index) {
  const Value& closure = frames_.back().closure;
  if (closure.kind() == Kind::closure && index >= 0 &&
      static_cast<size_t>(index) < closure.closure().upvalues.size()) {
    return static_cast<Captured*>(closure.closure().upvalues[static_cast<size_t>(index)].object());
  }
  fail_machine("Invalid upvalue index: " + std::to_string(index));
  return nullptr;
}

bool Machine::op_get_upvalue() {
  int32_t index = 0;
  if (!operand(index)) return false;
  const Captured* upvalue = upvalue_at(index);
  if (upvalue == nullptr) return false;
  if (upvalue->closed) return push(upvalue->value);
  const bool exists = upvalue->location < stack_.size();
  return push(exists ? Value(stack_[upvalue->location]) : Value());
}

bool Machine::op_set_upvalue() {
  int32_t index = 0;
  if (!operand(index)) return false;
  Captured* upvalue = upvalue_at(index);
  Value value;
  if (upvalue == nullptr || !pop(value)) return false;
  if (upvalue->closed) {
    upvalue->value = std::move(value);
  } else if (upvalue->location < stack_.size()) {
    stack_[upvalue->location] = std::move(value);
  }
  return true;
}

bool Machine::op_close_upvalue() {
  if (stack_.empty()) return fail_machine("Stack underflow");
  cut_stack(stack_.size() - 1);
  return true;
}

bool Machine::check_argument_count(uint32_t count) {
  if (count > budget_.limits().arguments_max) return fail_machine("Too many arguments");
  if (count > stack_.size()) return fail_machine("Not enough arguments on the stack");
  return true;
}

bool Machine::op_call_global() {
  Value name;
  uint32_t arguments = 0;
  if (!operand_text(name) || !operand_count(arguments)) return false;
  budget_.look();
  return check_argument_count(arguments) && call_named(name, arguments);
}

bool Machine::call_named(const Value& name_value, uint32_t arguments) {
  const std::string_view name = name_value.text().view();
  if (!declared_.empty()) {
    if (const auto found = declared_.find(std::string(name)); found != declared_.end()) {
      const DeclaredFunction& function = found->second;
      return enter(*function.chunk, function.position, arguments, Value());
    }
  }
  if (frames_.back().chunk->code->arguments_reversed()) {
    std::reverse(stack_.end() - arguments, stack_.end());
  }
  if (name == "import") return call_import(arguments);
  if (const auto function = host_.function(name)) return call_host(name, function, arguments);
  if (host_.is_async(name)) return suspend(name, arguments);
  if (const LibraryFunction* function = find_library_function(name)) {
    return call_library(name, *function, arguments);
  }
  if (const LibraryProgram* program = find_library_program(name)) {
    if (arguments != program->arguments) {
      return fail_machine("Function " + std::string(name) + " requires exactly " +
                          std::to_string(program->arguments) + " arguments");
    }
    const Chunk* chunk = library_chunk(name);
    return enter(*chunk, 0, arguments, Value());
  }
  return fail_machine("Unsupported function call: " + std::string(name));
}

bool Machine::call_library(std::string_view name, const LibraryFunction& function,
                           uint32_t arguments) {
  const bool too_few = arguments < function.arguments_min;
  if (too_few || (function.arguments_max != 0 && arguments > function.arguments_max) ||
      (function.arguments_max == 0 && !function.unlimited && arguments > 0)) {
    return fail_machine(
        "Function " + std::string(name) + " requires at " + (too_few ? "least " : "most ") +
        std::to_string(too_few ? function.arguments_min : function.arguments_max) + " arguments");
  }
  const std::span<const Value> values(stack_.data() + stack_.size() - arguments, arguments);
  return take_result(function.call(context_, values), name, arguments);
}

bool Machine::call_host(std::string_view name, Host::Function function, uint32_t arguments) {
  const std::span<const Value> values(stack_.data() + stack_.size() - arguments, arguments);
  return take_result(function(context_, values), name, arguments);
}

// Puts a function's result in place of its arguments.
bool Machine::take_result(Result<Value> result, std::string_view name, uint32_t arguments) {
  if (heap_.exceeded() || budget_.exhausted()) return fail_limits();
  if (!result) return fail_native(result.error(), name, arguments);
  cut_stack(stack_.size() - arguments);
  return push(*std::move(result));
}

bool Machine::call_import(uint32_t arguments) {
  if (arguments != 1) return fail_machine("Function import requires exactly 1 argument");
  Value name;
  if (!pop(name)) return false;
  const Chunk* chunk = name.is_text() ? find_chunk(name.text().view()) : nullptr;
  if (chunk == nullptr) {
    return fail_machine("Unknown chunk: " +
                        (name.is_text() ? std::string(name.text().view()) : "?"));
  }
  return enter(*chunk, chunk->code->first(), 0, Value());
}

// The run ends here for now; the answer will stand in place of the arguments.
bool Machine::suspend(std::string_view name, uint32_t arguments) {
  const uint32_t steps_max = budget_.limits().async_steps_max;
  if (async_steps_ >= steps_max) {
    return fail_machine("Exceeded maximum number of async steps: " + std::to_string(steps_max));
  }
  ++async_steps_;
  outcome_.end = End::suspended;
  outcome_.async_function = std::string(name);
  outcome_.async_arguments.assign(stack_.end() - arguments, stack_.end());
  cut_stack(stack_.size() - arguments);
  frames_.back().position = position_;
  return false;
}

bool Machine::op_call_local() {
  uint32_t arguments = 0;
  Value closure;
  if (!operand_count(arguments) || !pop(closure)) return false;
  if (closure.kind() != Kind::closure) {
    return fail_machine("Invalid closure: " + json_text(context_, closure));
  }
  budget_.look();
  return check_argument_count(arguments) && enter_callable(std::move(closure), arguments);
}

bool Machine::enter_callable(Value closure, uint32_t arguments) {
  const Callable& callable = closure.closure().callable.callable();
  const std::string_view chunk_name = callable.chunk.is_text() ? callable.chunk.text().view() : "";
  const bool is_program = chunk_name.starts_with(library_chunk_prefix);
  if (callable.origin != CallableKind::local && !is_program) {
    const std::string_view name = callable.name.text().view();
    if (callable.origin == CallableKind::async) return suspend(name, arguments);
    const LibraryFunction* function = find_library_function(name);
    if (function != nullptr) return call_library(name, *function, arguments);
    return fail_machine("Unsupported function call: " + std::string(name));
  }
  if (arguments > callable.argument_count) {
    return fail_machine("Too many arguments. Passed " + std::to_string(arguments) + ", expected " +
                        std::to_string(callable.argument_count));
  }
  for (; arguments < callable.argument_count; ++arguments) {
    if (arguments >= budget_.limits().arguments_max) return fail_machine("Too many arguments");
    if (!push(Value())) return false;
  }
  const Chunk* chunk = find_chunk(chunk_name);
  if (chunk == nullptr) return fail_machine("Unknown chunk: " + std::string(chunk_name));
  const uint32_t position = callable.position;
  return enter(*chunk, position, arguments, std::move(closure));
}

bool Machine::enter(const Chunk& chunk, uint32_t position, uint32_t arguments, Value closure) {
  if (frames_.size() >= budget_.limits().call_depth_max) {
    return fail_machine("Call stack exceeded maximum length of " +
                        std::to_string(budget_.limits().call_depth_max));
  }
  frames_.back().position = position_;
  const auto stack_start = static_cast<uint32_t>(stack_.size() - arguments);
  frames_.push_back({&chunk, position, stack_start, arguments, std::move(closure)});
  leave_to(static_cast<uint32_t>(frames_.size()));
  return true;
}

// Drops the frames above that height; the one then on top runs on.
void Machine::leave_to(uint32_t frames) {
  frames_.resize(frames);
  while (!try_blocks_.empty() && try_blocks_.back().frames > frames) try_blocks_.pop_back();
  const Frame& frame = frames_.back();
  cells_ = frame.chunk->code->cells();
  cells_size_ = frame.chunk->code->size();
  position_ = frame.position;
  stack_start_ = frame.stack_start;
}

bool Machine::op_return() {
  Value result;
  if (!pop(result)) return false;
  if (frames_.size() == 1) return finish(std::move(result));
  cut_stack(stack_start_);
  leave_to(static_cast<uint32_t>(frames_.size() - 1));
  return push(std::move(result));
}

bool Machine::op_push_try() {
  int32_t distance = 0;
  if (!operand(distance)) return false;
  constexpr size_t try_blocks_max = 100'000;
  if (try_blocks_.size() == try_blocks_max) return fail_machine("Too many try blocks");
  // Counted from the operand itself, unlike the distance of a jump.
  const int64_t handler = static_cast<int64_t>(position_) - 1 + distance;
  if (handler < 0) return fail_machine("Jump out of the bytecode");
  try_blocks_.push_back({static_cast<uint32_t>(frames_.size()),
                         static_cast<uint32_t>(stack_.size()),
                         static_cast<uint32_t>(std::min<int64_t>(handler, cells_size_))});
  return true;
}

bool Machine::op_pop_try() {
  if (try_blocks_.empty()) {
    return fail_machine("Invalid operation POP_TRY: no try block to pop");
  }
  try_blocks_.pop_back();
  return true;
}

bool Machine::op_throw() {
  Value error;
  if (!pop(error)) return false;
  if (error.kind() != Kind::error) {
    return fail_machine("Can not throw: value is not of type Error");
  }
  return throw_value(std::move(error));
}

bool Machine::throw_value(Value error) {
  if (try_blocks_.empty()) {
    const HogError& thrown = error.error();
    fail_machine(thrown.message.is_text() ? std::string(thrown.message.text().view()) : "");
    Failure& failure = *outcome_.failure;
    failure.name = "UncaughtHogVMException";
    if (thrown.type.is_text()) failure.type = std::string(thrown.type.text().view());
    failure.payload = thrown.payload;
    failure.native = false;
    return false;
  }
  const TryBlock block = try_blocks_.back();
  try_blocks_.pop_back();
  cut_stack(block.stack_size);
  leave_to(block.frames);
  position_ = block.handler;
  return push(std::move(error));
}

// A chunk of this run, of the library, or of the host; made ready at its first use.
const Machine::Chunk* Machine::find_chunk(std::string_view name) {
  for (const Chunk& chunk : chunks_) {
    if (chunk.name == name) return &chunk;
  }
  if (name.starts_with(library_chunk_prefix)) {
    return library_chunk(name.substr(library_chunk_prefix.size()));
  }
  const Program* program = host_.chunk(name);
  if (program == nullptr) return nullptr;
  chunks_.push_back({std::string(name), own(*program), chunks_.front().globals});
  return &chunks_.back();
}

const Machine::Chunk* Machine::library_chunk(std::string_view name) {
  const std::string chunk_name = std::string(library_chunk_prefix) + std::string(name);
  for (const Chunk& chunk : chunks_) {
    if (chunk.name == chunk_name) return &chunk;
  }
  const LibraryProgram* program = find_library_program(name);
  if (program == nullptr) return nullptr;
  chunks_.push_back({chunk_name, own(program->make()), Value()});
  return &chunks_.back();
}

}  // namespace mr::hog
