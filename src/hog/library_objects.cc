#include "hog/library_support.h"
#include "hog/property.h"

// Objects and errors; what writes to the host's print.
namespace mr::hog {
namespace {

Result<Value> keys(Context& context, Arguments arguments) {
  const Value& value = arguments[0];
  if (value.is_null()) return refuse("keys: the value is null");
  if (value.is_list()) {
    return make_list_of(context, value.list().size(),
                        [](size_t i) { return Value(static_cast<double>(i)); });
  }
  Value source = value;
  if (!value.is_dict()) {
    MR_TRY(source, fields_of(context, value));
  }
  if (source.is_null()) return Value();
  const Dict& dict = source.dict();
  return make_list_of(context, dict.size(), [&](size_t i) { return dict.entries[i].key; });
}

Result<Value> values(Context& context, Arguments arguments) {
  const Value& value = arguments[0];
  if (value.is_null()) return refuse("values: the value is null");
  if (value.is_list()) {
    return make_list_of(context, value.list().size(),
                        [&](size_t i) { return value.list().items[i]; });
  }
  Value source = value;
  if (!value.is_dict()) {
    MR_TRY(source, fields_of(context, value));
  }
  if (source.is_null()) return Value();
  const Dict& dict = source.dict();
  return make_list_of(context, dict.size(), [&](size_t i) { return dict.entries[i].value; });
}

// An error of that type from the arguments (message, payload).
Result<Value> error_of(Context& context, std::string_view type, Arguments arguments) {
  TextBuilder message(context.heap);
  if (!arguments.empty() && is_truthy(arguments[0])) {
    MR_CHECK(append_text(message, context, arguments[0]));
  } else {
    message.append("An error occurred");
  }
  return make_error(context.heap, make_text(context.heap, type), message.finish(),
                    arguments.size() > 1 ? arguments[1] : Value());
}

Result<Value> error(Context& context, Arguments arguments) {
  return error_of(context, "Error", arguments);
}

Result<Value> retry_error(Context& context, Arguments arguments) {
  return error_of(context, "RetryError", arguments);
}

Result<Value> not_implemented_error(Context& context, Arguments arguments) {
  return error_of(context, "NotImplementedError", arguments);
}

Result<Value> named_error(Context& context, Arguments arguments) {
  TextBuilder type(context.heap);
  MR_CHECK(append_text(type, context, arguments[0]));
  return error_of(context, type.view(), arguments.subspan(1));
}

Result<Value> print(Context& context, Arguments arguments) {
  context.host.print(context, arguments);
  return Value();
}

constexpr LibraryFunction functions[] = {
    {"keys", 1, 1, keys},
    {"values", 1, 1, values},
    {"Error", 0, 2, error},
    {"RetryError", 0, 2, retry_error},
    {"NotImplementedError", 0, 2, not_implemented_error},
    {"HogError", 1, 3, named_error},
    {"print", 0, print},
};

}  // namespace

std::span<const LibraryFunction> object_functions() {
  return functions;
}

}  // namespace mr::hog
