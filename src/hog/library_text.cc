#include <cmath>

#include "hog/library_support.h"

// Texts: section "Text" of the language's reference. Positions count UTF-16 units from 1.
namespace mr::hog {
namespace {

Result<Value> concat(Context& context, Arguments arguments) {
  TextBuilder out(context.heap);
  for (const Value& value : arguments) {
    if (!value.is_null()) MR_CHECK(append_text(out, context, value));
  }
  return out.finish();
}

Result<Value> to_string_of(Context& context, Arguments arguments) {
  const Value& value = arguments[0];
  if (value.is_text()) return value;
  // A moment that never was has no text form.
  if (value.kind() == Kind::moment && std::isnan(value.moment().seconds)) return Value();
  TextBuilder out(context.heap);
  MR_CHECK(append_text(out, context, value));
  return out.finish();
}

Result<Value> length(Context& context, Arguments arguments) {
  const Value& value = arguments[0];
  if (value.is_text()) return make_number(value.text().units);
  if (value.is_list()) return make_number(static_cast<double>(value.list().size()));
  if (value.is_dict()) return make_number(static_cast<double>(value.dict().size()));
  if (value.is_null()) return refuse("length: the value is null");
  return Value();
}

bool is_empty(const Value& value) {
  switch (value.kind()) {
    case Kind::null:
      return true;
    case Kind::text:
      return value.text().size == 0;
    case Kind::list:
    case Kind::tuple:
      return value.list().items.empty();
    case Kind::dict:
      return value.dict().entries.empty();
    default:
      return false;
  }
}

Result<Value> empty(Context& context, Arguments arguments) {
  return Value(is_empty(arguments[0]));
}

Result<Value> not_empty(Context& context, Arguments arguments) {
  return Value(!is_empty(arguments[0]));
}

// Counts a text that a function is about to build outside of the heap.
bool affordable(Context& context, size_t bytes) {
  context.budget.work(bytes / 16);
  if (!context.heap.take(bytes)) return false;
  context.heap.give_back(bytes);
  return true;
}

Result<Value> lower(Context& context, Arguments arguments) {
  if (arguments[0].is_null()) return Value();
  MR_TRY(const std::string_view text, text_argument(arguments[0]));
  if (!affordable(context, text.size() * 2)) return Value();
  return make_text(context.heap, to_lower(text));
}

Result<Value> upper(Context& context, Arguments arguments) {
  MR_TRY(const std::string_view text, text_argument(arguments[0]));
  if (!affordable(context, text.size() * 2)) return Value();
  return make_text(context.heap, to_upper(text));
}

// By units, as the reference does: a pair's halves change places and become two lone ones.
Result<Value> reverse(Context& context, Arguments arguments) {
  MR_TRY(const std::string_view text, text_argument(arguments[0]));
  if (!affordable(context, text.size() * 2)) return Value();
  std::string reversed;
  for (size_t end = text.size(); end > 0;) {
    size_t begin = end - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xc0U) == 0x80) --begin;
    const Character character = character_at(text, begin);
    if (character.code_point >= 0x10000) {
      append_code_point(reversed, 0xdc00U | (character.code_point & 0x3ffU));
      append_code_point(reversed, 0xd7c0U + (character.code_point >> 10U));
    } else {
      reversed += text.substr(begin, end - begin);
    }
    end = begin;
  }
  return make_text(context.heap, reversed);
}

Result<Value> substring(Context& context, Arguments arguments) {
  const Value& text = arguments[0];
  if (!text.is_text()) return make_text(context.heap, "");
  const double start = to_number(arguments[1]);
  const bool whole_rest = arguments.size() < 3 || arguments[2].is_null();
  const double count = whole_rest ? text.text().units : to_number(arguments[2]);
  if (!(start >= 1) || !(count >= 0)) return make_text(context.heap, "");
  const double units = text.text().units;
  const double from = std::min(std::trunc(start - 1), units);
  const double to = std::min(std::trunc(start - 1 + count), units);
  return slice_units(context.heap, text.text(), static_cast<size_t>(from), static_cast<size_t>(to));
}

// The first unit behind the given number of bytes, counted from 1.
double unit_at_byte(const Text& text, size_t byte) {
  if (text.is_ascii()) return static_cast<double>(byte + 1);
  return static_cast<double>(utf16_units(text.view().substr(0, byte)) + 1);
}

Result<Value> position_of(Context& context, Arguments arguments) {
  if (!arguments[0].is_text()) return make_number(0);
  TextBuilder wanted(context.heap);
  MR_CHECK(append_text(wanted, context, arguments[1]));
  const Text& text = arguments[0].text();
  context.budget.work(text.size / 16);
  const size_t found = text.view().find(wanted.view());
  return make_number(found == std::string_view::npos ? 0 : unit_at_byte(text, found));
}

Result<Value> position_any_case(Context& context, Arguments arguments) {
  if (!arguments[0].is_text()) return make_number(0);
  TextBuilder wanted(context.heap);
  MR_CHECK(append_text(wanted, context, arguments[1]));
  if (!affordable(context, arguments[0].text().size * size_t{2})) return Value();
  const std::string text = to_lower(arguments[0].text().view());
  const size_t found = text.find(to_lower(wanted.view()));
  if (found == std::string::npos) return make_number(0);
  return make_number(static_cast<double>(utf16_units(std::string_view(text).substr(0, found)) + 1));
}

Result<Value> starts_with(Context& context, Arguments arguments) {
  return Value(arguments[0].is_text() && arguments[1].is_text() &&
               arguments[0].text().view().starts_with(arguments[1].text().view()));
}

enum class Side : uint8_t { left = 1, right = 2, both = 3 };

template <Side side>
Result<Value> trim(Context& context, Arguments arguments) {
  MR_TRY(std::string_view text, text_argument(arguments[0]));
  std::string_view stripped = " ";
  if (arguments.size() > 1 && !arguments[1].is_null()) {
    if (!arguments[1].is_text() || arguments[1].text().units != 1) {
      return make_text(context.heap, "");
    }
    stripped = arguments[1].text().view();
  }
  constexpr auto sides = static_cast<uint8_t>(side);
  while ((sides & 1U) != 0 && text.starts_with(stripped)) text.remove_prefix(stripped.size());
  while ((sides & 2U) != 0 && text.ends_with(stripped)) text.remove_suffix(stripped.size());
  return make_text(context.heap, text);
}

Result<Value> split(Context& context, Arguments arguments) {
  MR_TRY(const std::string_view text, text_argument(arguments[1]));
  TextBuilder separator(context.heap);
  MR_CHECK(append_text(separator, context, arguments[0]));
  double count_max = HUGE_VAL;
  if (arguments.size() > 2 && !arguments[2].is_null()) count_max = to_number(arguments[2]);
  Value made = make_list(context.heap);
  if (made.is_null()) return Value();
  List& list = made.list();
  const auto add = [&](Value piece) {
    return static_cast<double>(list.size()) < count_max && context.budget.work(1) &&
           !piece.is_null() && list.push(std::move(piece));
  };
  if (separator.view().empty()) {
    const Text& whole = arguments[1].text();
    if (!whole.is_ascii() && !context.budget.work(whole.units)) return Value();
    for (size_t position = 0, unit = 0; position < text.size();) {
      const Character character = character_at(text, position);
      const size_t units = character.code_point >= 0x10000 ? 2 : 1;
      for (size_t i = 0; i < units; ++i) {
        const Value piece = units == 1
                                ? make_text(context.heap, text.substr(position, character.size), 1)
                                : slice_units(context.heap, whole, unit + i, unit + i + 1);
        if (!add(piece)) return made;
      }
      unit += units;
      position += character.size;
    }
    return made;
  }
  for (size_t begin = 0;;) {
    const size_t end = text.find(separator.view(), begin);
    if (!add(make_text(context.heap, text.substr(begin, end - begin)))) return made;
    if (end == std::string_view::npos) return made;
    begin = end + separator.view().size();
  }
}

enum class Replace : bool { first, all };

template <Replace which>
Result<Value> replace(Context& context, Arguments arguments) {
  MR_TRY(const std::string_view text, text_argument(arguments[0]));
  TextBuilder wanted(context.heap);
  MR_CHECK(append_text(wanted, context, arguments[1]));
  TextBuilder put(context.heap);
  MR_CHECK(append_text(put, context, arguments[2]));
  TextBuilder out(context.heap);
  size_t begin = 0;
  while (begin <= text.size() && context.budget.work(1)) {
    const size_t end = text.find(wanted.view(), begin);
    if (end == std::string_view::npos) break;
    out.append(text.substr(begin, end - begin));
    out.append(put.view());
    begin = end + wanted.view().size();
    if (which == Replace::first) break;
    if (!wanted.view().empty()) continue;
    // An empty text is found before each character and at the end.
    if (begin == text.size()) return out.finish();
    const size_t size = character_at(text, begin).size;
    out.append(text.substr(begin, size));
    begin += size;
  }
  if (begin < text.size()) out.append(text.substr(begin));
  return out.finish();
}

Result<Value> multi_search(Context& context, Arguments arguments) {
  if (!arguments[0].is_text() || !arguments[1].is_list()) return make_number(0);
  if (!affordable(context, arguments[0].text().size * size_t{2})) return Value();
  const std::string text = to_lower(arguments[0].text().view());
  for (const Value& wanted : arguments[1].list().items) {
    if (!context.budget.work(1 + text.size() / 16)) break;
    if (wanted.is_text() && text.find(to_lower(wanted.text().view())) != std::string::npos) {
      return make_number(1);
    }
  }
  return make_number(0);
}

constexpr LibraryFunction functions[] = {
    {"concat", 1, concat},
    {"toString", 1, 2, to_string_of},
    {"toUUID", 1, 1, to_string_of},
    {"length", 1, 1, length},
    {"empty", 1, 1, empty},
    {"notEmpty", 1, 1, not_empty},
    {"lower", 1, 1, lower},
    {"upper", 1, 1, upper},
    {"reverse", 1, 1, reverse},
    {"substring", 2, 3, substring},
    {"position", 2, 3, position_of},
    {"positionCaseInsensitive", 2, 3, position_any_case},
    {"startsWith", 2, 2, starts_with},
    {"trim", 1, 2, trim<Side::both>},
    {"trimLeft", 1, 2, trim<Side::left>},
    {"trimRight", 1, 2, trim<Side::right>},
    {"splitByString", 2, 3, split},
    {"replaceOne", 3, 3, replace<Replace::first>},
    {"replaceAll", 3, 3, replace<Replace::all>},
    {"multiSearchAnyCaseInsensitive", 2, 2, multi_search},
};

}  // namespace

std::span<const LibraryFunction> text_functions() {
  return functions;
}

}  // namespace mr::hog
