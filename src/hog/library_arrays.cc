#include <algorithm>
#include <cmath>

#include "hog/compare.h"
#include "hog/library_support.h"

// Arrays. None of these changes the list that it is given.
namespace mr::hog {
namespace {

Result<Value> push_back(Context& context, Arguments arguments) {
  const size_t size = arguments[0].is_list() ? arguments[0].list().size() : 0;
  return make_list_of(context, size + 1, [&](size_t i) {
    return i < size ? arguments[0].list().items[i] : arguments[1];
  });
}

Result<Value> push_front(Context& context, Arguments arguments) {
  const size_t size = arguments[0].is_list() ? arguments[0].list().size() : 0;
  return make_list_of(context, size + 1, [&](size_t i) {
    return i == 0 ? arguments[1] : arguments[0].list().items[i - 1];
  });
}

// The items [from, to), those of no list being none.
Value part(Context& context, const Value& list, size_t from, size_t left_out) {
  const size_t size = list.is_list() ? list.list().size() : 0;
  const size_t count = size < left_out ? 0 : size - left_out;
  return make_list_of(context, count, [&](size_t i) { return list.list().items[from + i]; });
}

Result<Value> pop_back(Context& context, Arguments arguments) {
  return part(context, arguments[0], 0, 1);
}

Result<Value> pop_front(Context& context, Arguments arguments) {
  return part(context, arguments[0], 1, 1);
}

Result<Value> reversed(Context& context, Arguments arguments) {
  Value made = part(context, arguments[0], 0, 0);
  if (!made.is_null()) std::ranges::reverse(made.list().items);
  return made;
}

// By the texts that the items print as.
Result<Value> sort_texts(Context& context, List& list) {
  struct Keyed {
    Value text;
    Value item;
    size_t place;
  };
  if (!context.heap.take(list.size() * sizeof(Keyed))) return Value();
  std::vector<Keyed> keyed;
  for (Value& item : list.items) {
    MR_TRY(Value text, printed(context, item));
    if (!text.is_text()) break;
    keyed.push_back({std::move(text), item, keyed.size()});
  }
  if (keyed.size() == list.size()) {
    std::ranges::sort(keyed, [](const Keyed& left, const Keyed& right) {
      const int order = compare_units(left.text.text().view(), right.text.text().view());
      return order != 0 ? order < 0 : left.place < right.place;
    });
    for (size_t i = 0; i < keyed.size(); ++i) list.items[i] = keyed[i].item;
  }
  context.heap.give_back(list.size() * sizeof(Keyed));
  return Value();
}

Result<Value> sorted(Context& context, Arguments arguments) {
  Value made = part(context, arguments[0], 0, 0);
  if (made.is_null()) return made;
  List& list = made.list();
  constexpr uint64_t work_per_item = 16;
  if (!context.budget.work(list.size() * work_per_item)) return Value();
  // NaN stands last, so that the order is a strict one.
  if (std::ranges::all_of(list.items, &Value::is_number)) {
    std::ranges::sort(list.items, [](const Value& left, const Value& right) {
      if (std::isnan(left.number()) || std::isnan(right.number())) {
        return std::isnan(right.number()) && !std::isnan(left.number());
      }
      return left.number() < right.number();
    });
  } else {
    MR_TRY(const Value done, sort_texts(context, list));
  }
  return made;
}

Result<Value> sorted_reversed(Context& context, Arguments arguments) {
  MR_TRY(Value made, sorted(context, arguments));
  if (!made.is_null()) std::ranges::reverse(made.list().items);
  return made;
}

Result<void> append_joined(TextBuilder& out, Context& context, const Value& value,
                           std::string_view separator, int depth) {
  if (value.is_null() || depth > value_nesting_max || !context.budget.work(1)) return {};
  if (!value.is_list()) return append_text(out, context, value);
  if (value.object()->visiting) return {};
  value.object()->visiting = true;
  Result<void> done;
  bool first = true;
  for (const Value& item : value.list().items) {
    if (!first) out.append(separator);
    first = false;
    done = append_joined(out, context, item, ",", depth + 1);
    if (!done) break;
  }
  value.object()->visiting = false;
  return done;
}

Result<Value> join(Context& context, Arguments arguments) {
  TextBuilder separator(context.heap);
  if (arguments.size() > 1) MR_CHECK(append_text(separator, context, arguments[1]));
  TextBuilder out(context.heap);
  if (arguments[0].is_list()) {
    MR_CHECK(append_joined(out, context, arguments[0], separator.view(), 0));
  }
  return out.finish();
}

// Where the value stands, from 1; 0 for nowhere.
double place_in(Context& context, const Value& list, const Value& value) {
  if (!list.is_list()) return 0;
  for (size_t i = 0; i < list.list().size() && context.budget.work(1); ++i) {
    if (are_strictly_equal(list.list().items[i], value)) return static_cast<double>(i + 1);
  }
  return 0;
}

Result<Value> has(Context& context, Arguments arguments) {
  return Value(place_in(context, arguments[0], arguments[1]) > 0);
}

Result<Value> is_in(Context& context, Arguments arguments) {
  return Value(place_in(context, arguments[1], arguments[0]) > 0);
}

Result<Value> index_of(Context& context, Arguments arguments) {
  return make_number(place_in(context, arguments[0], arguments[1]));
}

Result<Value> range(Context& context, Arguments arguments) {
  const double from = arguments.size() > 1 ? to_number(arguments[0]) : 0;
  const double to = to_number(arguments[arguments.size() - 1]);
  const double count = std::trunc(to - from);
  constexpr double count_max = 1e9;
  if (count > count_max) context.heap.take(SIZE_MAX);
  if (!(count > 0) || count > count_max) return make_list(context.heap);
  return make_list_of(context, static_cast<size_t>(count),
                      [&](size_t i) { return Value(from + static_cast<double>(i)); });
}

Result<Value> tuple(Context& context, Arguments arguments) {
  Value made = make_list(context.heap, Kind::tuple);
  if (made.is_null() || !made.list().reserve(arguments.size())) return Value();
  for (const Value& value : arguments) made.list().push(value);
  return made;
}

// The digits of the first dotted version in the text.
Result<Value> sortable_semver(Context& context, Arguments arguments) {
  Value made = make_list(context.heap);
  if (!arguments[0].is_text() || made.is_null()) return made;
  const std::string_view text = arguments[0].text().view();
  const auto is_digit = [&](size_t i) {
    return i < text.size() && text[i] >= '0' && text[i] <= '9';
  };
  for (size_t begin = 0; begin < text.size() && context.budget.work(1);) {
    size_t end = begin;
    while (is_digit(end)) ++end;
    const bool dotted = end > begin && end < text.size() && text[end] == '.' && is_digit(end + 1);
    if (!dotted) {
      begin = std::max(end, begin + 1);
      continue;
    }
    for (size_t at = begin; is_digit(at); at = end + 1) {
      for (end = at; is_digit(end);) ++end;
      made.list().push(Value(leading_integer(text.substr(at, end - at)).value_or(0)));
      if (end >= text.size() || text[end] != '.') break;
    }
    return made;
  }
  return made;
}

constexpr LibraryFunction functions[] = {
    {"arrayPushBack", 2, 2, push_back},
    {"arrayPushFront", 2, 2, push_front},
    {"arrayPopBack", 1, 1, pop_back},
    {"arrayPopFront", 1, 1, pop_front},
    {"arraySort", 1, sorted},
    {"arrayReverse", 1, reversed},
    {"arrayReverseSort", 1, sorted_reversed},
    {"arrayStringConcat", 1, 2, join},
    {"has", 2, 2, has},
    {"in", 2, 2, is_in},
    {"indexOf", 2, 2, index_of},
    {"range", 1, 2, range},
    {"tuple", 0, tuple},
    {"sortableSemver", 1, 1, sortable_semver},
};

}  // namespace

std::span<const LibraryFunction> array_functions() {
  return functions;
}

}  // namespace mr::hog
