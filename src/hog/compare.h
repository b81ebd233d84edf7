#pragma once

#include <cstdint>

#include "hog/value.h"

namespace mr::hog {

enum class Order : uint8_t { less, equal, greater, unordered };

// What the operators = and < say: the sides are first brought to one kind (a number and a text are
// two numbers, two temporal values two moments, and so on). Lists of finite numbers compare item by
// item; other lists, dicts and functions are equal only to themselves.
bool are_equal(const Value& left, const Value& right);
Order order_of(const Value& left, const Value& right);

// What the functions equals() and less() say, without bringing kinds together first.
bool are_strictly_equal(const Value& left, const Value& right);
Order native_order_of(const Value& left, const Value& right);

// The seconds since 1970 that a date or datetime stands for.
double seconds_of(const Value& temporal);

}  // namespace mr::hog
