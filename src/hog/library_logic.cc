#include <cmath>

#include "hog/calendar.h"
#include "hog/compare.h"
#include "hog/library_support.h"

// Numbers, logic and what to do about null.
namespace mr::hog {
namespace {

Result<Value> to_int(Context& context, Arguments arguments) {
  const Value& value = arguments[0];
  if (value.kind() == Kind::moment) return make_number(std::floor(value.moment().seconds));
  if (value.kind() == Kind::date) return make_number(seconds_of(value) / seconds_per_day);
  if (value.is_number()) {
    return std::isfinite(value.number()) ? make_number(std::trunc(value.number())) : Value();
  }
  if (!value.is_text() && !value.is_list()) return Value();
  TextBuilder text(context.heap);
  if (value.is_text()) {
    text.append(value.text().view());
  } else if (!value.list().items.empty()) {
    MR_CHECK(append_text(text, context, value.list().items.front()));
  }
  const auto number = leading_integer(text.view());
  return number ? make_number(*number) : Value();
}

Result<Value> to_float(Context& context, Arguments arguments) {
  const Value& value = arguments[0];
  if (value.kind() == Kind::moment) return make_number(value.moment().seconds);
  if (value.kind() == Kind::date) return make_number(seconds_of(value) / seconds_per_day);
  if (value.is_number()) return std::isnan(value.number()) ? Value() : value;
  if (!value.is_text()) return Value();
  const auto number = leading_float(value.text().view());
  return number ? make_number(*number) : Value();
}

Result<Value> floor_of(Context& context, Arguments arguments) {
  return make_number(std::floor(to_number(arguments[0])));
}

// Halves go up, also below zero.
Result<Value> round_of(Context& context, Arguments arguments) {
  const double number = to_number(arguments[0]);
  const double below = std::floor(number);
  return make_number(number - below >= 0.5 ? below + 1 : below);
}

Result<Value> min_of(Context& context, Arguments arguments) {
  const bool left = native_order_of(arguments[0], arguments[1]) == Order::less;
  return left ? arguments[0] : arguments[1];
}

Result<Value> max_of(Context& context, Arguments arguments) {
  const bool left = native_order_of(arguments[0], arguments[1]) == Order::greater;
  return left ? arguments[0] : arguments[1];
}

// Adds numbers and joins what is none, unlike the operator.
Result<Value> plus(Context& context, Arguments arguments) {
  const auto adds = [](const Value& value) {
    return value.is_null() || value.is_number() || value.kind() == Kind::boolean;
  };
  if (adds(arguments[0]) && adds(arguments[1])) {
    return make_number(to_number(arguments[0]) + to_number(arguments[1]));
  }
  TextBuilder out(context.heap);
  for (const Value& value : arguments) {
    if (!value.is_list()) {
      MR_CHECK(append_text(out, context, value));
      continue;
    }
    for (size_t i = 0; i < value.list().size(); ++i) {
      if (i > 0) out.append(",");
      if (!value.list().items[i].is_null()) {
        MR_CHECK(append_text(out, context, value.list().items[i]));
      }
    }
  }
  return out.finish();
}

Result<Value> minus(Context& context, Arguments arguments) {
  return make_number(to_number(arguments[0]) - to_number(arguments[1]));
}

template <bool wanted>
Result<Value> equals(Context& context, Arguments arguments) {
  return Value(are_strictly_equal(arguments[0], arguments[1]) == wanted);
}

template <Order wanted, bool or_equal>
Result<Value> ordered(Context& context, Arguments arguments) {
  const Order order = native_order_of(arguments[0], arguments[1]);
  return Value(order == wanted || (or_equal && order == Order::equal));
}

Result<Value> all_of(Context& context, Arguments arguments) {
  for (const Value& value : arguments) {
    if (!is_truthy(value)) return Value(false);
  }
  return Value(true);
}

Result<Value> any_of(Context& context, Arguments arguments) {
  for (const Value& value : arguments) {
    if (is_truthy(value)) return Value(true);
  }
  return Value(false);
}

Result<Value> negation(Context& context, Arguments arguments) {
  return Value(!is_truthy(arguments[0]));
}

Result<Value> choose(Context& context, Arguments arguments) {
  return is_truthy(arguments[0]) ? arguments[1] : arguments[2];
}

Result<Value> is_null(Context& context, Arguments arguments) {
  return Value(arguments[0].is_null());
}

Result<Value> is_not_null(Context& context, Arguments arguments) {
  return Value(!arguments[0].is_null());
}

Result<Value> coalesce(Context& context, Arguments arguments) {
  for (const Value& value : arguments) {
    if (!value.is_null()) return value;
  }
  return Value();
}

Result<Value> assume_not_null(Context& context, Arguments arguments) {
  if (arguments[0].is_null()) return refuse("Value is null in assumeNotNull");
  return arguments[0];
}

Result<Value> type_of(Context& context, Arguments arguments) {
  return make_text(context.heap, type_name(arguments[0]));
}

constexpr LibraryFunction functions[] = {
    {"toInt", 1, 1, to_int},
    {"toFloat", 1, 1, to_float},
    {"floor", 1, 2, floor_of},
    {"round", 1, 2, round_of},
    {"min2", 2, 2, min_of},
    {"max2", 2, 2, max_of},
    {"plus", 2, 2, plus},
    {"minus", 2, 2, minus},
    {"equals", 2, 2, equals<true>},
    {"notEquals", 2, 2, equals<false>},
    {"greater", 2, 2, ordered<Order::greater, false>},
    {"greaterOrEquals", 2, 2, ordered<Order::greater, true>},
    {"less", 2, 2, ordered<Order::less, false>},
    {"lessOrEquals", 2, 2, ordered<Order::less, true>},
    {"and", 1, all_of},
    {"or", 1, any_of},
    {"not", 1, 1, negation},
    {"if", 3, 3, choose},
    {"ifNull", 2, 2, coalesce},
    {"isNull", 1, 1, is_null},
    {"isNotNull", 1, 1, is_not_null},
    {"coalesce", 1, coalesce},
    {"assumeNotNull", 1, 1, assume_not_null},
    {"typeof", 1, 1, type_of},
};

}  // namespace

std::span<const LibraryFunction> logic_functions() {
  return functions;
}

}  // namespace mr::hog
