#include <cmath>

#include "hog/coerce.h"
#include "hog/copy.h"
#include "hog/library.h"
#include "hog/machine.h"
#include "hog/print.h"
#include "hog/property.h"
#include "hog/text.h"

// Instructions that fetch, make and change values: globals, constants, locals, containers.
namespace mr::hog {

bool Machine::op_get_global() {
  uint32_t count = 0;
  if (!operand_count(count)) return false;
  if (count > stack_.size() || count == 0) {
    return count == 0 ? fail_unknown_global(0) : fail_empty_stack();
  }
  const Value& globals = frames_.back().chunk->globals;
  const Value* found = globals.is_dict() ? globals.dict().find(stack_.back()) : nullptr;
  if (found == nullptr) {
    if (count == 1 && stack_.back().is_text()) return global_function(stack_.back());
    return fail_unknown_global(count);
  }
  Value value = *found;
  for (size_t i = stack_.size() - 1; i-- > stack_.size() - count;) {
    auto deeper = get_property(context_, value, stack_[i]);
    if (!deeper) return fail_native(deeper.error(), "get", 0);
    value = *std::move(deeper);
  }
  cut_stack(stack_.size() - count);
  if (!value.is_object() || value.is_text()) return push(std::move(value));
  auto copied = deep_copy(context_, value);
  if (!copied) return fail_native(copied.error(), "get", 0);
  return push(*std::move(copied));
}

bool Machine::fail_unknown_global(uint32_t count) {
  std::string path;
  for (uint32_t i = 0; i < count; ++i) {
    TextBuilder name(heap_);
    // A key that cannot be printed is left out of the message.
    if (!append_printed(name, budget_, stack_[stack_.size() - 1 - i])) continue;
    path += (i > 0 ? "." : "") + std::string(name.view());
  }
  return fail_machine("Global variable not found: " + path);
}

// A function of the host or the library, as a value.
bool Machine::global_function(const Value& name) {
  const std::string_view text = name.text().view();
  CallableKind origin = CallableKind::library;
  uint32_t arguments = 0;
  std::string chunk_name = "stl";
  uint32_t position = UINT32_MAX;
  if (host_.is_async(text)) {
    origin = CallableKind::async;
    chunk_name = "async";
  } else if (const LibraryFunction* function = find_library_function(text)) {
    arguments = function->arguments_max;
  } else if (const LibraryProgram* program = find_library_program(text)) {
    arguments = program->arguments;
    chunk_name = std::string(library_chunk_prefix) + std::string(text);
    position = 0;
  } else {
    return fail_unknown_global(1);
  }
  Value callable = make_callable(heap_, origin, name);
  if (callable.is_null()) return fail_limits();
  callable.callable().argument_count = arguments;
  callable.callable().position = position;
  callable.callable().chunk = make_text(heap_, chunk_name);
  Value closure = make_closure(heap_, std::move(callable));
  cut_stack(stack_.size() - 1);
  return push(std::move(closure));
}

bool Machine::op_push_true() {
  return push(Value(true));
}

bool Machine::op_push_false() {
  return push(Value(false));
}

bool Machine::op_push_null() {
  return push(Value());
}

bool Machine::op_push_constant() {
  if (position_ >= cells_size_) return fail_end_of_bytecode();
  return push(cells_[position_++].constant);
}

bool Machine::op_pop() {
  Value dropped;
  return pop(dropped);
}

bool Machine::op_get_local() {
  int32_t slot = 0;
  if (!operand(slot)) return false;
  const int64_t at = static_cast<int64_t>(stack_start_) + slot;
  const bool exists = at >= 0 && at < static_cast<int64_t>(stack_.size());
  return push(exists ? Value(stack_[static_cast<size_t>(at)]) : Value());
}

bool Machine::op_set_local() {
  int32_t slot = 0;
  Value value;
  if (!operand(slot) || !pop(value)) return false;
  const int64_t at = static_cast<int64_t>(stack_start_) + slot;
  constexpr int64_t gap_max = 1000;  // compilers leave none
  if (at < 0 || at > static_cast<int64_t>(stack_.size()) + gap_max) {
    return fail_machine("Invalid local: " + std::to_string(slot));
  }
  while (at >= static_cast<int64_t>(stack_.size())) {
    if (!push(Value())) return false;
  }
  stack_[static_cast<size_t>(at)] = std::move(value);
  return true;
}

bool Machine::op_dict() {
  uint32_t count = 0;
  if (!operand_count(count)) return false;
  if (size_t{count} * 2 > stack_.size()) {
    return fail_empty_stack();
  }
  const size_t first = stack_.size() - size_t{count} * 2;
  Value made = make_dict(heap_);
  if (made.is_null() || !made.dict().reserve(count)) return fail_limits();
  for (size_t i = first; i < stack_.size(); i += 2) {
    if (!made.dict().set(stack_[i], stack_[i + 1])) return fail_limits();
  }
  cut_stack(first);
  return push(std::move(made));
}

bool Machine::op_list() {
  uint32_t count = 0;
  if (!operand_count(count)) return false;
  count = std::min<uint32_t>(count, static_cast<uint32_t>(stack_.size()));
  const size_t first = stack_.size() - count;
  Value made = make_list(heap_, current() == Opcode::tuple ? Kind::tuple : Kind::list);
  if (made.is_null() || !made.list().reserve(count)) return fail_limits();
  for (size_t i = first; i < stack_.size(); ++i) made.list().push(stack_[i]);
  cut_stack(first);
  return push(std::move(made));
}

bool Machine::op_get_property() {
  Value key;
  Value object;
  if (!pop_two(key, object)) return false;
  auto value = get_property(context_, object, key);
  if (!value) return fail_native(value.error(), "get", 0);
  return push(*std::move(value));
}

bool Machine::op_set_property() {
  Value value;
  Value key;
  Value object;
  if (!pop(value) || !pop_two(key, object)) return false;
  const auto done = set_property(context_, object, key, std::move(value));
  return done || fail_native(done.error(), "set", 0);
}

}  // namespace mr::hog
