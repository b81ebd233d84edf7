#include <cmath>

#include "hog/coerce.h"
#include "hog/compare.h"
#include "hog/machine.h"
#include "hog/print.h"
#include "hog/text.h"

// Instructions that make one value of others: logic, arithmetic, comparison, search.
namespace mr::hog {
namespace {

// The sign is the left side's. Whole numbers, nearly all there are, need no library.
double modulo(double left, double right) {
  constexpr double whole_max = 1e15;
  const bool small = left >= 0 && left < whole_max && right > 0 && right < whole_max;
  const auto a = small ? static_cast<int64_t>(left) : 0;
  const auto b = small ? static_cast<int64_t>(right) : 0;
  if (small && b > 0 && static_cast<double>(a) == left && static_cast<double>(b) == right) {
    return static_cast<double>(a % b);
  }
  return std::fmod(left, right);
}

double compute(Opcode opcode, double left, double right) {
  switch (opcode) {
    case Opcode::plus:
      return left + right;
    case Opcode::minus:
      return left - right;
    case Opcode::multiply:
      return left * right;
    case Opcode::divide:
      return left / right;
    default:
      return modulo(left, right);
  }
}

bool holds(Opcode opcode, const Value& left, const Value& right) {
  switch (opcode) {
    case Opcode::equal:
      return are_equal(left, right);
    case Opcode::not_equal:
      return !are_equal(left, right);
    default:
      break;
  }
  const Order order = order_of(left, right);
  switch (opcode) {
    case Opcode::greater:
      return order == Order::greater;
    case Opcode::greater_or_equal:
      return order == Order::greater || order == Order::equal;
    case Opcode::less:
      return order == Order::less;
    default:
      return order == Order::less || order == Order::equal;
  }
}

}  // namespace

bool Machine::all_or_any(bool all) {
  uint32_t count = 0;
  if (!operand_count(count)) return false;
  if (count > stack_.size()) {
    return fail_empty_stack();
  }
  bool result = all;
  for (size_t i = stack_.size() - count; i < stack_.size(); ++i) {
    result = all ? result && is_truthy(stack_[i]) : result || is_truthy(stack_[i]);
  }
  cut_stack(stack_.size() - count);
  return push(Value(result));
}

bool Machine::op_logical_and() {
  return all_or_any(true);
}

bool Machine::op_logical_or() {
  return all_or_any(false);
}

bool Machine::op_not() {
  Value value;
  return pop(value) && push(Value(!is_truthy(value)));
}

bool Machine::op_arithmetic() {
  Value left;
  Value right;
  if (!pop_two(left, right)) return false;
  return push(Value(compute(current(), to_number(left), to_number(right))));
}

bool Machine::op_compare() {
  Value left;
  Value right;
  return pop_two(left, right) && push(Value(holds(current(), left, right)));
}

bool Machine::op_like() {
  Value text;
  Value pattern;
  if (!pop_two(text, pattern)) return false;
  const bool any_case = current() == Opcode::ilike || current() == Opcode::not_ilike;
  const bool negated = current() == Opcode::not_like || current() == Opcode::not_ilike;
  const auto found =
      is_like(context_, text, pattern, any_case ? LetterCase::any : LetterCase::same);
  if (!found) return fail_native(found.error(), "like", 0);
  return push(Value(*found != negated));
}

bool Machine::op_in() {
  Value value;
  Value collection;
  if (!pop_two(value, collection)) return false;
  bool found = false;
  if (collection.is_list()) {
    for (const Value& item : collection.list().items) {
      if (item.identical(value)) found = true;
      if (found || !budget_.work(1)) break;
    }
  } else if (collection.is_text()) {
    TextBuilder wanted(heap_);
    if (const auto done = append_printed(wanted, budget_, value); !done) {
      return fail_native(done.error(), "in", 0);
    }
    found = collection.text().view().find(wanted.view()) != std::string_view::npos;
  } else {
    return fail_native(Error(ErrorCode::invalid_input,
                             "The right side of `in` must be an array, a tuple or a text, not " +
                                 std::string(type_name(collection))),
                       "in", 0);
  }
  return push(Value(found == (current() == Opcode::in)));
}

bool Machine::op_regex() {
  Value text;
  Value pattern;
  if (!pop_two(text, pattern)) return false;
  const bool any_case = current() == Opcode::iregex || current() == Opcode::not_iregex;
  const bool negated = current() == Opcode::not_regex || current() == Opcode::not_iregex;
  const auto found =
      matches(context_, text, pattern, any_case ? LetterCase::any : LetterCase::same);
  if (!found) return fail_native(found.error(), "match", 0);
  return push(Value(*found != negated));
}

}  // namespace mr::hog
