#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "hog/code.h"
#include "hog/context.h"
#include "hog/library_regex.h"
#include "hog/time_zone.h"

namespace mr::hog {

// Why a run failed. Only errors that programs throw can be caught by them; the machine's own
// refusals and those of library functions are `native`.
struct Failure {
  std::string name;  // HogVMException, UncaughtHogVMException, or Error from the library
  std::string type;  // of an uncaught Hog error
  std::string message;
  Value payload;  // of an uncaught Hog error
  bool native = true;
  std::string call;  // "upper(null)": the library function that failed, with its arguments' types
};

enum class End : uint8_t { finished, suspended, failed };

// How a run ended. The values live as long as the machine, its code and its globals, and until the
// next run.
struct Outcome {
  End end = End::finished;
  Value result;
  std::optional<Failure> failure;
  // Where the run waits for an answer.
  std::string async_function;
  std::vector<Value> async_arguments;
};

// Runs bytecode: a stack of values, a stack of frames (calls that wait for their callee), a stack
// of handlers (try blocks). No bytecode can harm it: all it reads is checked, all it uses is
// bounded. One machine runs one program at a time and can be used again; everything that it makes
// lives in `heap`, which must outlive it.
class Machine {
 public:
  Machine(Heap& heap, Host& host, const Limits& limits);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Runs from the start. `globals` is a dict (or null: there are none). Both must outlive the
  // outcome.
  Outcome run(const Code& code, const Value& globals);
  // Goes on where the last run was suspended, the call having answered `reply`.
  Outcome resume(Value reply);

  // A suspended run as JSON (docs/hog-state.md), for another process to go on with. Errors:
  // invalid_input where a value nests too deeply.
  Result<std::string> save_state();
  // Takes such a run over; resume() goes on with it. Errors: invalid_input.
  Result<void> load_state(std::string_view json, const Value& globals);

  Context& context() { return context_; }
  // Lets go of all values of the last run, so that their heap may end first.
  void reset();
  uint64_t operations() const { return budget_.operations(); }
  double millis() const { return budget_.millis(); }
  uint32_t async_steps() const { return async_steps_; }

 private:
  friend class StateWriter;
  friend class StateReader;
  using Handler = bool (Machine::*)();
  static const Handler handlers[opcode_max + 1];

  // A body of bytecode by its name: "root", an imported one, or one of the library's.
  struct Chunk {
    std::string name;
    const Code* code = nullptr;
    Value globals;
  };
  struct Frame {
    const Chunk* chunk = nullptr;
    uint32_t position = 0;  // of the next instruction; current only while the frame waits
    uint32_t stack_start = 0;
    uint32_t argument_count = 0;
    Value closure;  // null for the root
  };
  struct TryBlock {
    uint32_t frames;
    uint32_t stack_size;
    uint32_t handler;
  };
  struct DeclaredFunction {
    uint32_t position;
    uint32_t argument_count;
    const Chunk* chunk;
  };

  // The loop, and how it ends. Handlers of instructions give true to go on.
  Outcome go_on();
  bool step();
  bool run_off_end();
  bool finish(Value result);
  bool fail_machine(std::string message);
  bool fail_native(const Error& error, std::string_view function, uint32_t arguments);
  bool fail_limits();
  bool unknown();

  // Operands and stack.
  bool operand(int32_t& integer) {
    if (position_ >= cells_size_) return fail_end_of_bytecode();
    integer = cells_[position_++].integer;
    return integer != Code::integer_none || fail_operand();
  }
  bool operand_count(uint32_t& count);
  bool operand_text(Value& text);
  bool push(Value value) {
    if (stack_.size() == stack_.capacity() && !grow_stack()) return false;
    stack_.push_back(std::move(value));
    return true;
  }
  bool pop(Value& value) {
    if (stack_.empty()) return fail_empty_stack();
    value = std::move(stack_.back());
    stack_.pop_back();
    return true;
  }
  bool pop_two(Value& top, Value& below) { return pop(top) && pop(below); }
  bool grow_stack();
  bool fail_empty_stack();
  bool fail_end_of_bytecode();
  bool fail_operand();
  bool jump_by(int32_t distance);
  void cut_stack(size_t size);

  // Instructions, in machine_operators.cc …
  bool op_logical_and();
  bool op_logical_or();
  bool op_not();
  bool op_arithmetic();
  bool op_compare();
  bool op_like();
  bool op_in();
  bool op_regex();
  bool all_or_any(bool all);
  Opcode current() const { return static_cast<Opcode>(opcode_); }

  // … in machine_values.cc …
  bool op_get_global();
  bool op_push_true();
  bool op_push_false();
  bool op_push_null();
  bool op_push_constant();
  bool op_pop();
  bool op_get_local();
  bool op_set_local();
  bool op_dict();
  bool op_list();
  bool op_get_property();
  bool op_set_property();
  bool global_function(const Value& name);
  bool fail_unknown_global(uint32_t count);

  // … and in machine_calls.cc.
  bool op_jump();
  bool op_jump_if_false();
  bool op_jump_if_not_null();
  bool op_declare_function();
  bool op_callable();
  bool op_closure();
  bool op_get_upvalue();
  bool op_set_upvalue();
  bool op_close_upvalue();
  bool op_call_global();
  bool op_call_local();
  bool op_return();
  bool op_throw();
  bool op_push_try();
  bool op_pop_try();

  bool call_named(const Value& name, uint32_t arguments);
  bool call_library(std::string_view name, const struct LibraryFunction& function,
                    uint32_t arguments);
  bool call_host(std::string_view name, Host::Function function, uint32_t arguments);
  bool call_import(uint32_t arguments);
  bool take_result(Result<Value> result, std::string_view name, uint32_t arguments);
  bool suspend(std::string_view name, uint32_t arguments);
  bool enter(const Chunk& chunk, uint32_t position, uint32_t arguments, Value closure);
  bool enter_callable(Value closure, uint32_t arguments);
  void leave_to(uint32_t frames);
  bool check_argument_count(uint32_t count);
  bool throw_value(Value error);
  Value capture(uint32_t slot);
  void close_upvalues(size_t from_slot);
  Captured* upvalue_at(int32_t index);

  const Chunk* find_chunk(std::string_view name);
  const Chunk* library_chunk(std::string_view name);
  // Code that lives as long as the heap: a cycle of values may hold its closures until then.
  const Code* own(Program program);

  Heap& heap_;
  Host& host_;
  Budget budget_;
  RegexCache regexes_;
  TimeZones zones_;
  Context context_;

  std::deque<Chunk> chunks_;  // the root first; frames point into it
  std::vector<Value> stack_;
  std::vector<Frame> frames_;
  std::vector<TryBlock> try_blocks_;
  std::vector<Value> open_upvalues_;  // ordered by slot
  std::unordered_map<std::string, DeclaredFunction> declared_;

  // Of the running frame, kept here for speed.
  const Code::Cell* cells_ = nullptr;
  uint32_t cells_size_ = 0;
  uint32_t position_ = 0;
  uint32_t stack_start_ = 0;
  uint8_t opcode_ = 0;

  uint32_t async_steps_ = 0;
  size_t stack_bytes_ = 0;
  Outcome outcome_;
};

}  // namespace mr::hog
