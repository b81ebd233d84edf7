#include "hog/property.h"

#include <cmath>

#include "hog/coerce.h"
#include "hog/print.h"
#include "hog/text.h"

namespace mr::hog {
namespace {

constexpr size_t list_items_max = size_t{1} << 28U;

// Keys may be numbers or texts of numbers.
double index_of(const Value& key) {
  return key.is_number() ? key.number() : std::numeric_limits<double>::quiet_NaN();
}

Result<Value> get_item(const List& list, const Value& key) {
  if (key.is_text() && key.text().view() == "length") {
    return Value(static_cast<double>(list.size()));
  }
  double index = index_of(key);
  if (index == 0) return fail(ErrorCode::invalid_input, "Hog arrays start from index 1");
  const auto size = static_cast<double>(list.size());
  index = index < 0 ? index + size : index - 1;
  if (!(index >= 0 && index < size) || index != std::trunc(index)) return Value();
  return list.items[static_cast<size_t>(index)];
}

std::string key_text(Context& context, const Value& key) {
  TextBuilder out(context.heap);
  return append_printed(out, context.budget, key) ? std::string(out.view()) : "key";
}

Error cannot_set(Context& context, const Value& key, std::string_view what) {
  return Error(ErrorCode::invalid_input,
               "Can not set " + key_text(context, key) + " on " + std::string(what));
}

}  // namespace

Result<Value> fields_of(Context& context, const Value& object) {
  Heap& heap = context.heap;
  Value made = make_dict(heap);
  if (made.is_null()) return made;
  Dict& dict = made.dict();
  switch (object.kind()) {
    case Kind::date:
      dict.set("__hogDate__", Value(true));
      dict.set("year", Value(object.date().year));
      dict.set("month", Value(object.date().month));
      dict.set("day", Value(object.date().day));
      break;
    case Kind::moment:
      dict.set("__hogDateTime__", Value(true));
      dict.set("dt", Value(object.moment().seconds));
      dict.set("zone", object.moment().zone);
      break;
    case Kind::interval:
      dict.set("__hogInterval__", Value(true));
      dict.set("value", Value(object.interval().count));
      dict.set("unit", object.interval().unit);
      break;
    case Kind::error:
      dict.set("__hogError__", Value(true));
      dict.set("type", object.error().type);
      dict.set("message", object.error().message);
      dict.set("payload", object.error().payload);
      break;
    default:
      break;
  }
  return made;
}

Result<Value> get_property(Context& context, const Value& object, const Value& key) {
  switch (object.kind()) {
    case Kind::list:
    case Kind::tuple:
      return get_item(object.list(), key);
    case Kind::dict: {
      const Value* found = object.dict().find(key);
      return found == nullptr ? Value() : *found;
    }
    case Kind::error: {
      if (!key.is_text()) return Value();
      const std::string_view name = key.text().view();
      const HogError& error = object.error();
      if (name == "message") return error.message;
      if (name == "type") return error.type;
      if (name == "payload") return error.payload;
      return name == "__hogError__" ? Value(true) : Value();
    }
    case Kind::date:
    case Kind::moment:
    case Kind::interval: {
      MR_TRY(const Value fields, fields_of(context, object));
      const Value* found = fields.is_dict() ? fields.dict().find(key) : nullptr;
      return found == nullptr ? Value() : *found;
    }
    default:
      return Value();
  }
}

Result<void> set_property(Context& context, const Value& object, const Value& key, Value value) {
  if (object.is_dict()) {
    object.dict().set(key, std::move(value));
    return {};
  }
  if (object.is_list()) {
    if (!key.is_number()) return fail(cannot_set(context, key, "element of type object"));
    const double index = key.number();
    if (!(index >= 1)) return fail(ErrorCode::invalid_input, "Hog arrays start from index 1");
    if (index != std::trunc(index) || index > list_items_max) {
      return fail(cannot_set(context, key, "an array"));
    }
    List& list = object.list();
    const auto count = static_cast<size_t>(index);
    if (count == list.size() + 1) {
      list.push(std::move(value));
    } else if (list.grow_to(count)) {
      list.items[count - 1] = std::move(value);
    }
    return {};
  }
  if (object.is_object() && !object.is_text()) {
    return fail(cannot_set(context, key, "element of type object"));
  }
  const std::string_view type = object.is_null()     ? "object"
                                : object.is_number() ? "number"
                                                     : type_name(object);
  return fail(cannot_set(context, key, "non-object: " + std::string(type)));
}

}  // namespace mr::hog
