#pragma once

#include "hog/context.h"

namespace mr::hog {

// What `object.key` gives: null where there is nothing, also of null, numbers and texts. Lists
// count from 1, negative keys from their end. Errors: invalid_input for the key 0 of a list.
Result<Value> get_property(Context& context, const Value& object, const Value& key);

// What `object.key := value` does. A list grows with nulls up to the key. Errors: invalid_input.
Result<void> set_property(Context& context, const Value& object, const Value& key, Value value);

// The fields of a date, datetime, interval or error, as keys() and values() show them.
Result<Value> fields_of(Context& context, const Value& object);

}  // namespace mr::hog
