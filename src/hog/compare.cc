#include "hog/compare.h"

#include <algorithm>
#include <cmath>

#include "hog/calendar.h"
#include "hog/coerce.h"
#include "hog/text.h"

namespace mr::hog {
namespace {

Order order_numbers(double left, double right) {
  if (left < right) return Order::less;
  if (left > right) return Order::greater;
  return left == right ? Order::equal : Order::unordered;
}

bool holds_numbers_only(const Value& value) {
  return value.is_list() && std::ranges::all_of(value.list().items, [](const Value& item) {
           return item.is_number() && std::isfinite(item.number());
         });
}

Order order_lists(const List& left, const List& right) {
  const size_t common = std::min(left.size(), right.size());
  for (size_t i = 0; i < common; ++i) {
    const Order order = order_numbers(left.items[i].number(), right.items[i].number());
    if (order != Order::equal) return order;
  }
  return order_numbers(static_cast<double>(left.size()), static_cast<double>(right.size()));
}

// Two sides brought to one kind, where there is a rule for them.
struct Pair {
  Value left;
  Value right;
};

// A text beside a temporal value, as seconds, if it looks like a date.
bool seconds_beside(const Value& value, double& seconds) {
  if (value.is_temporal()) {
    seconds = seconds_of(value);
    return true;
  }
  if (!value.is_text()) return false;
  const auto parsed = parse_date_text(value.text().view());
  if (parsed) seconds = parsed->utc_seconds();
  return parsed.has_value();
}

// What a boolean beside another kind becomes: a boolean beside a text, a number beside a number.
Value beside_boolean(const Value& other) {
  if (other.is_text()) return Value(other.text().view() == "true");
  return other;
}

bool unify(const Value& left, const Value& right, Pair& pair) {
  if (left.kind() == right.kind() && !left.is_temporal()) return false;
  if (left.is_temporal() || right.is_temporal()) {
    double a = 0;
    double b = 0;
    if (!seconds_beside(left, a) || !seconds_beside(right, b)) return false;
    pair = {Value(a), Value(b)};
    return true;
  }
  const auto scalar = [](const Value& value) {
    return value.kind() == Kind::boolean || value.is_number() || value.is_text();
  };
  if (!scalar(left) || !scalar(right)) return false;
  if (left.is_number() || right.is_number()) {
    pair = {Value(to_number(left)), Value(to_number(right))};
  } else {
    pair = {beside_boolean(left), beside_boolean(right)};
  }
  return true;
}

}  // namespace

double seconds_of(const Value& temporal) {
  if (temporal.kind() == Kind::moment) return temporal.moment().seconds;
  const Date& date = temporal.date();
  return seconds_of_day(date.year, date.month, date.day);
}

bool are_strictly_equal(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return left.number() == right.number();
  return left.identical(right);
}

Order native_order_of(const Value& left, const Value& right) {
  if (left.is_text() && right.is_text()) {
    const int order = compare_units(left.text().view(), right.text().view());
    return order < 0 ? Order::less : order > 0 ? Order::greater : Order::equal;
  }
  return order_numbers(to_number(left), to_number(right));
}

bool are_equal(const Value& left, const Value& right) {
  Pair pair;
  if (unify(left, right, pair)) return are_strictly_equal(pair.left, pair.right);
  if (holds_numbers_only(left) && holds_numbers_only(right)) {
    return order_lists(left.list(), right.list()) == Order::equal;
  }
  return are_strictly_equal(left, right);
}

Order order_of(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return order_numbers(left.number(), right.number());
  Pair pair;
  if (unify(left, right, pair)) return native_order_of(pair.left, pair.right);
  if (holds_numbers_only(left) && holds_numbers_only(right)) {
    return order_lists(left.list(), right.list());
  }
  return native_order_of(left, right);
}

}  // namespace mr::hog
