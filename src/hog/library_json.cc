#include <cmath>

#include "codec/json_reader.h"
#include "hog/json_value.h"
#include "hog/library_support.h"
#include "hog/property.h"

// JSON. The JSON… family reads a value or its JSON text along a path of keys and positions.
namespace mr::hog {
namespace {

Result<Value> parse(Context& context, Arguments arguments) {
  if (!arguments[0].is_text()) return arguments[0];
  return read_json(context, arguments[0].text().view());
}

Result<Value> stringify(Context& context, Arguments arguments) {
  constexpr double indent_max = 10;
  double indent = arguments.size() > 1 && arguments[1].is_number() ? arguments[1].number() : 0;
  if (!(indent >= 1)) indent = 0;
  TextBuilder out(context.heap);
  MR_CHECK(append_json(out, context, arguments[0], JsonForm::plain,
                       static_cast<uint32_t>(std::min(indent, indent_max))));
  return out.finish();
}

Result<Value> is_valid(Context& context, Arguments arguments) {
  if (!arguments[0].is_text()) return Value(true);
  context.budget.work(arguments[0].text().size / 16);
  return Value(json::is_valid(arguments[0].text().view()));
}

// A text becomes the value that it spells; nothing for a text that is no JSON.
std::optional<Value> opened(Context& context, const Value& value) {
  if (!value.is_text()) return value;
  auto read = read_json(context, value.text().view());
  return read ? std::optional(*std::move(read)) : std::nullopt;
}

// The value at the path; null where it leads nowhere.
Result<Value> follow(Context& context, Value value, Arguments path) {
  for (const Value& key : path) {
    auto container = opened(context, value);
    if (!container) return Value();
    MR_TRY(value, get_property(context, *container, key));
  }
  return value;
}

bool has_key(const Value& container, const Value& key) {
  if (container.is_dict()) return container.dict().find(key) != nullptr;
  if (!container.is_list() || !key.is_number()) return false;
  const double index = std::abs(key.number());
  return index >= 1 && index <= static_cast<double>(container.list().size());
}

Result<Value> has(Context& context, Arguments arguments) {
  Value value = arguments[0];
  for (const Value& key : arguments.subspan(1)) {
    auto container = opened(context, value);
    if (!container || !has_key(*container, key)) return Value(false);
    MR_TRY(value, get_property(context, *container, key));
  }
  return Value(true);
}

Result<Value> length(Context& context, Arguments arguments) {
  MR_TRY(const Value value, follow(context, arguments[0], arguments.subspan(1)));
  const auto container = opened(context, value);
  if (!container) return make_number(0);
  if (container->is_list()) return make_number(static_cast<double>(container->list().size()));
  if (container->is_dict()) return make_number(static_cast<double>(container->dict().size()));
  return make_number(0);
}

// The last argument names a type and changes nothing.
Result<Value> extract(Context& context, Arguments arguments) {
  return follow(context, arguments[0], arguments.subspan(1, arguments.size() - 2));
}

Result<Value> extract_number(Context& context, Arguments arguments,
                             std::optional<double> (*read)(std::string_view)) {
  MR_TRY(const Value value, follow(context, arguments[0], arguments.subspan(1)));
  if (value.is_null() || value.kind() == Kind::boolean) return Value();
  TextBuilder text(context.heap);
  MR_CHECK(append_text(text, context, value));
  const auto number = read(text.view());
  return number ? make_number(*number) : Value();
}

Result<Value> extract_int(Context& context, Arguments arguments) {
  return extract_number(context, arguments, leading_integer);
}

Result<Value> extract_float(Context& context, Arguments arguments) {
  return extract_number(context, arguments, leading_float);
}

Result<Value> extract_string(Context& context, Arguments arguments) {
  MR_TRY(const Value value, follow(context, arguments[0], arguments.subspan(1)));
  if (value.is_null() || value.is_text()) return value;
  TextBuilder text(context.heap);
  if (value.is_object()) {
    MR_CHECK(append_json(text, context, value, JsonForm::plain));
  } else {
    MR_CHECK(append_text(text, context, value));
  }
  return text.finish();
}

Result<Value> extract_bool(Context& context, Arguments arguments) {
  MR_TRY(const Value value, follow(context, arguments[0], arguments.subspan(1)));
  return Value(value.kind() == Kind::boolean && value.boolean());
}

Result<Value> extract_array(Context& context, Arguments arguments) {
  MR_TRY(const Value value, follow(context, arguments[0], arguments.subspan(1)));
  const auto container = opened(context, value);
  return container && container->is_list() ? *container : Value();
}

constexpr LibraryFunction functions[] = {
    {"jsonParse", 1, 1, parse},
    {"jsonStringify", 1, 2, stringify},
    {"isValidJSON", 1, 1, is_valid},
    {"JSONHas", 1, has},
    {"JSONLength", 1, length},
    {"JSONExtract", 2, extract},
    {"JSONExtractInt", 1, extract_int},
    {"JSONExtractFloat", 1, extract_float},
    {"JSONExtractString", 1, extract_string},
    {"JSONExtractBool", 1, extract_bool},
    {"JSONExtractArrayRaw", 1, extract_array},
};

}  // namespace

std::span<const LibraryFunction> json_functions() {
  return functions;
}

}  // namespace mr::hog
