#pragma once

#include "hog/json_value.h"

namespace mr::hog {

// What a dict with a marker key stands for: a date, an error, a function…; the dict itself when
// its members do not fit. Functions come back only with `upvalues`, that is, from states.
Value revive(Heap& heap, const Value& dict, const Upvalues* upvalues);

}  // namespace mr::hog
