#include "hog/revive.h"

#include <cmath>

#include "hog/coerce.h"

namespace mr::hog {
namespace {

class Members {
 public:
  explicit Members(const Value& dict) : dict_(dict.dict()) {}

  bool marked(std::string_view marker) const {
    const Value* found = dict_.find(marker);
    return found != nullptr && is_truthy(*found);
  }
  Value get(std::string_view key) const {
    const Value* found = dict_.find(key);
    return found == nullptr ? Value() : *found;
  }
  double number(std::string_view key) const {
    const Value value = get(key);
    return value.is_number() ? value.number() : std::nan("");
  }
  std::string_view text(std::string_view key) const {
    const Value* found = dict_.find(key);
    return found != nullptr && found->is_text() ? found->text().view() : std::string_view();
  }
  // A count or a position; the largest number for -1.
  uint32_t count(std::string_view key) const {
    const double value = number(key);
    if (value == -1) return UINT32_MAX;
    return value >= 0 && value <= INT32_MAX ? static_cast<uint32_t>(value) : 0;
  }

 private:
  const Dict& dict_;
};

Value revive_number(const Members& members) {
  const std::string_view text = members.text("value");
  if (text == "Infinity") return Value(HUGE_VAL);
  if (text == "-Infinity") return Value(-HUGE_VAL);
  return Value(std::nan(""));
}

Value revive_tuple(Heap& heap, const Members& members, const Value& dict) {
  const Value items = members.get("items");
  if (!items.is_list()) return dict;
  Value made = make_list(heap, Kind::tuple);
  if (made.is_null() || !made.list().reserve(items.list().size())) return {};
  for (const Value& item : items.list().items) made.list().push(item);
  return made;
}

Value revive_map(Heap& heap, const Members& members, const Value& dict) {
  const Value entries = members.get("entries");
  if (!entries.is_list()) return dict;
  Value made = make_dict(heap);
  for (const Value& entry : entries.list().items) {
    if (!entry.is_list() || entry.list().size() != 2) return dict;
    if (made.is_null() || !made.dict().set(entry.list().items[0], entry.list().items[1])) return {};
  }
  return made;
}

Value revive_callable(Heap& heap, const Members& members) {
  const std::string_view origin = members.text("__hogCallable__");
  const CallableKind kind = origin == "local"   ? CallableKind::local
                            : origin == "async" ? CallableKind::async
                                                : CallableKind::library;
  Value made = make_callable(heap, kind, make_text(heap, members.text("name")));
  if (made.is_null()) return {};
  Callable& callable = made.callable();
  callable.chunk = make_text(heap, members.text("chunk"));
  callable.argument_count = members.count("argCount");
  callable.upvalue_count = members.count("upvalueCount");
  callable.position = members.count("ip");
  return made;
}

Value revive_closure(Heap& heap, const Members& members, const Value& dict,
                     const Upvalues& upvalues) {
  const Value callable = members.get("callable");
  const Value ids = members.get("upvalues");
  if (callable.kind() != Kind::callable || !ids.is_list()) return dict;
  Value made = make_closure(heap, callable);
  if (made.is_null() || !heap.take(ids.list().size() * sizeof(Value))) return {};
  std::vector<Value>& captured = made.closure().upvalues;
  captured.reserve(ids.list().size());
  for (const Value& id : ids.list().items) {
    const bool fits = id.is_number() && id.number() >= 0 && id.number() <= INT32_MAX;
    const auto found = fits ? upvalues.find(static_cast<uint32_t>(id.number())) : upvalues.end();
    if (found == upvalues.end()) return dict;
    captured.push_back(found->second);
  }
  return made;
}

}  // namespace

Value revive(Heap& heap, const Value& dict, const Upvalues* upvalues) {
  const Members members(dict);
  if (members.marked("__hogDateTime__")) {
    const std::string_view zone = members.text("zone");
    return make_moment(heap, members.number("dt"), zone.empty() ? "UTC" : zone);
  }
  if (members.marked("__hogDate__")) {
    return make_date(heap, members.number("year"), members.number("month"), members.number("day"));
  }
  if (members.marked("__hogError__")) {
    return make_error(heap, members.get("type"), members.get("message"), members.get("payload"));
  }
  if (members.marked("__hogInterval__")) {
    return make_interval(heap, members.number("value"), members.text("unit"));
  }
  if (upvalues == nullptr) return dict;
  if (members.marked("__hogNumber__")) return revive_number(members);
  if (members.marked("__hogTuple__")) return revive_tuple(heap, members, dict);
  if (members.marked("__hogMap__")) return revive_map(heap, members, dict);
  if (members.marked("__hogCallable__")) return revive_callable(heap, members);
  if (members.marked("__hogClosure__")) {
    return revive_closure(heap, members, dict, *upvalues);
  }
  return dict;
}

}  // namespace mr::hog
