#include "hog/copy.h"

namespace mr::hog {
namespace {

class Copier {
 public:
  explicit Copier(Context& context) : context_(context) {}

  Result<Value> copy(const Value& value) {
    const bool nests = value.is_list() || value.is_dict() || value.kind() == Kind::error;
    if (!nests) return value;
    if (value.object()->visiting || !context_.budget.work(1)) return Value();
    if (depth_ == value_nesting_max)
      return fail(ErrorCode::invalid_input, "Value is nested too deeply");
    ++depth_;
    value.object()->visiting = true;
    Result<Value> made = value.is_list()   ? copy_list(value)
                         : value.is_dict() ? copy_dict(value.dict())
                                           : copy_error(value.error());
    value.object()->visiting = false;
    --depth_;
    return made;
  }

 private:
  Result<Value> copy_list(const Value& value) {
    Value made = make_list(context_.heap, value.kind());
    if (made.is_null() || !made.list().reserve(value.list().size())) return Value();
    for (const Value& item : value.list().items) {
      MR_TRY(Value own, copy(item));
      if (!made.list().push(std::move(own))) break;
    }
    return made;
  }

  Result<Value> copy_dict(const Dict& dict) {
    Value made = make_dict(context_.heap);
    if (made.is_null() || !made.dict().reserve(dict.size())) return Value();
    for (const Dict::Entry& entry : dict.entries) {
      MR_TRY(Value own, copy(entry.value));
      if (!made.dict().set(entry.key, std::move(own))) break;
    }
    return made;
  }

  Result<Value> copy_error(const HogError& error) {
    MR_TRY(Value payload, copy(error.payload));
    return make_error(context_.heap, error.type, error.message, std::move(payload));
  }

  Context& context_;
  int depth_ = 0;
};

}  // namespace

Result<Value> deep_copy(Context& context, const Value& value) {
  return Copier(context).copy(value);
}

}  // namespace mr::hog
