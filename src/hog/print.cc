#include "hog/print.h"

#include <cmath>

#include "hog/coerce.h"

namespace mr::hog {
namespace {

void append_quoted(TextBuilder& out, std::string_view text, char quote) {
  constexpr std::string_view escaped = "\\\b\f\r\n\t";
  constexpr std::string_view letters = "\\bfrnt";
  std::string quoted(1, quote);
  for (const char c : text) {
    const size_t special = escaped.find(c);
    if (special != std::string_view::npos) {
      quoted += {'\\', letters[special]};
    } else if (c == '\0') {
      quoted += "\\0";
    } else if (c == '\v') {
      quoted += "\\v";
    } else if (c == quote) {
      quoted += {'\\', c};
    } else {
      quoted += c;
    }
  }
  out.append(quoted + quote);
}

// Seconds always show a fraction, so that they are seen to be a float.
std::string seconds_text(double seconds) {
  std::string text = number_text(seconds);
  if (std::isfinite(seconds) && seconds == std::trunc(seconds)) text += ".0";
  return text;
}

class Printer {
 public:
  Printer(TextBuilder& out, Budget& budget) : out_(out), budget_(budget) {}

  Result<void> print(const Value& value) {
    if (out_.full() || !budget_.work(1)) return {};
    switch (value.kind()) {
      case Kind::null:
        out_.append("null");
        return {};
      case Kind::boolean:
        out_.append(value.boolean() ? "true" : "false");
        return {};
      case Kind::number:
        out_.append(number_text(value.number()));
        return {};
      case Kind::text:
        append_quoted(out_, value.text().view(), '\'');
        return {};
      case Kind::list:
      case Kind::tuple:
      case Kind::dict:
      case Kind::error:
        return print_container(value);
      default:
        print_leaf(value);
        return {};
    }
  }

 private:
  Result<void> print_container(const Value& value) {
    if (value.object()->visiting) {
      out_.append("null");
      return {};
    }
    if (depth_ == value_nesting_max) {
      return fail(ErrorCode::invalid_input, "Value is nested too deeply to be printed");
    }
    ++depth_;
    value.object()->visiting = true;
    const Result<void> done = value.is_list()   ? print_list(value)
                              : value.is_dict() ? print_dict(value.dict())
                                                : print_error(value.error());
    value.object()->visiting = false;
    --depth_;
    return done;
  }

  Result<void> print_list(const Value& value) {
    const List& list = value.list();
    const bool tuple = value.kind() == Kind::tuple;
    const bool brackets = !tuple;
    // (1) would read as a number in parentheses, () as nothing at all.
    out_.append(brackets ? "[" : list.size() < 2 ? "tuple(" : "(");
    for (size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out_.append(", ");
      MR_CHECK(print(list.items[i]));
    }
    out_.append(brackets ? "]" : ")");
    return {};
  }

  Result<void> print_dict(const Dict& dict) {
    out_.append("{");
    for (size_t i = 0; i < dict.size(); ++i) {
      if (i > 0) out_.append(", ");
      MR_CHECK(print(dict.entries[i].key));
      out_.append(": ");
      MR_CHECK(print(dict.entries[i].value));
    }
    out_.append("}");
    return {};
  }

  Result<void> print_error(const HogError& error) {
    if (error.type.is_text()) out_.append(error.type.text().view());
    out_.append("(");
    MR_CHECK(print(error.message));
    if (is_truthy(error.payload)) {
      out_.append(", ");
      MR_CHECK(print(error.payload));
    }
    out_.append(")");
    return {};
  }

  void print_leaf(const Value& value) {
    switch (value.kind()) {
      case Kind::date: {
        const Date& date = value.date();
        out_.append("Date(" + number_text(date.year) + ", " + number_text(date.month) + ", " +
                    number_text(date.day) + ")");
        return;
      }
      case Kind::moment:
        out_.append("DateTime(" + seconds_text(value.moment().seconds) + ", ");
        append_quoted(out_, value.moment().zone.text().view(), '\'');
        out_.append(")");
        return;
      case Kind::interval: {
        const Interval& interval = value.interval();
        out_.append("{'__hogInterval__': true, 'value': " + number_text(interval.count) +
                    ", 'unit': ");
        append_quoted(out_, interval.unit.text().view(), '\'');
        out_.append("}");
        return;
      }
      case Kind::closure:
        print_callable(value.closure().callable.callable());
        return;
      case Kind::callable:
        print_callable(value.callable());
        return;
      default:
        out_.append("null");
    }
  }

  void print_callable(const Callable& callable) {
    const std::string_view name =
        callable.name.is_text() ? callable.name.text().view() : std::string_view();
    out_.append("fn<" + quoted_name(name.empty() ? "lambda" : name) + "(" +
                std::to_string(callable.argument_count) + ")>");
  }

  TextBuilder& out_;
  Budget& budget_;
  int depth_ = 0;
};

bool is_name(std::string_view text) {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
                        (c >= '0' && c <= '9');
    if (!letter) return false;
  }
  return true;
}

}  // namespace

Result<void> append_printed(TextBuilder& out, Budget& budget, const Value& value) {
  if (value.is_text()) {
    out.append(value.text().view());
    return {};
  }
  return Printer(out, budget).print(value);
}

Result<Value> printed(Context& context, const Value& value) {
  if (value.is_text()) return value;
  TextBuilder out(context.heap);
  MR_CHECK(append_printed(out, context.budget, value));
  return out.finish();
}

Result<std::string> printed_line(Context& context, std::span<const Value> values) {
  TextBuilder out(context.heap);
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out.append(" ");
    MR_CHECK(append_printed(out, context.budget, values[i]));
  }
  return std::string(out.view());
}

std::string quoted_name(std::string_view name) {
  if (is_name(name)) return std::string(name);
  std::string quoted = "`";
  for (const char c : name) {
    if (c == '`') quoted += '`';
    quoted += c;
  }
  return quoted + "`";
}

}  // namespace mr::hog
