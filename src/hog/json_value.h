#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "hog/context.h"
#include "hog/text.h"

namespace mr::hog {

// Values and JSON. Objects become dicts in their order; dates, errors and intervals travel as
// objects with a marker key ({"__hogDate__": true, "year": …}).

enum class JsonForm : uint8_t {
  plain,   // jsonStringify: functions print, NaN is null, tuples are arrays
  report,  // for people and tests: numbers that JSON lacks are {"$float": "NaN"}
  state,   // of suspended runs: everything comes back as it was
};

// How state refers to captured variables: by number.
using UpvalueIds = std::unordered_map<const Object*, uint32_t>;

// `indent`: blanks for each level; 0 writes everything on one line. A cycle becomes null. Errors:
// invalid_input, nested too deeply.
Result<void> append_json(TextBuilder& out, Context& context, const Value& value, JsonForm form,
                         uint32_t indent = 0, UpvalueIds* upvalues = nullptr);

// The plain form for messages, cut to a bearable length.
std::string json_text(Context& context, const Value& value);

// Reads one JSON value; marker objects become what they stand for. `upvalues` (by number) lets
// functions come back too. Errors: invalid_input.
using Upvalues = std::unordered_map<uint32_t, Value>;
Result<Value> read_json(Context& context, std::string_view json,
                        const Upvalues* upvalues = nullptr);

}  // namespace mr::hog
