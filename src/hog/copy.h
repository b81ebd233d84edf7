#pragma once

#include "hog/context.h"

namespace mr::hog {

// The value with lists, dicts and errors of its own, in the context's heap. A cycle ends in null.
// Errors: invalid_input, nested too deeply.
Result<Value> deep_copy(Context& context, const Value& value);

}  // namespace mr::hog
