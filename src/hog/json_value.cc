#include "hog/json_value.h"

#include <algorithm>
#include <cmath>

#include "codec/json_reader.h"
#include "codec/json_text.h"
#include "codec/utf8.h"
#include "hog/coerce.h"
#include "hog/print.h"
#include "hog/revive.h"

namespace mr::hog {
namespace {

// A JSON string; a lone half of a surrogate pair, which UTF-8 cannot hold, is escaped.
void append_string(TextBuilder& out, std::string_view text) {
  std::string quoted;
  json::append_quoted(quoted, text);
  constexpr char surrogate_lead = '\xed';
  if (quoted.find(surrogate_lead) == std::string::npos) {
    out.append(quoted);
    return;
  }
  for (size_t position = 0; position < quoted.size();) {
    const Character character = character_at(quoted, position);
    if (character.code_point >= 0xd800 && character.code_point < 0xe000) {
      constexpr std::string_view digits = "0123456789abcdef";
      std::string escape = "\\u";
      for (int shift = 12; shift >= 0; shift -= 4) {
        escape += digits[(character.code_point >> static_cast<unsigned>(shift)) & 0xfU];
      }
      out.append(escape);
    } else {
      out.append(std::string_view(quoted).substr(position, character.size));
    }
    position += character.size;
  }
}

class Writer {
 public:
  Writer(TextBuilder& out, Context& context, JsonForm form, uint32_t indent, UpvalueIds* upvalues)
      : out_(out), context_(context), form_(form), indent_(indent), upvalues_(upvalues) {}

  Result<void> write(const Value& value) {
    if (out_.full() || !context_.budget.work(1)) return {};
    switch (value.kind()) {
      case Kind::null:
        out_.append("null");
        return {};
      case Kind::boolean:
        out_.append(value.boolean() ? "true" : "false");
        return {};
      case Kind::number:
        write_number(value.number());
        return {};
      case Kind::text:
        append_string(out_, value.text().view());
        return {};
      case Kind::list:
      case Kind::tuple:
      case Kind::dict:
      case Kind::error:
        return write_container(value);
      default:
        return write_leaf(value);
    }
  }

 private:
  void write_number(double number) {
    if (std::isfinite(number)) {
      out_.append(number_text(number));
    } else if (form_ == JsonForm::plain) {
      out_.append("null");
    } else {
      const std::string_view opening =
          form_ == JsonForm::report ? R"({"$float":")" : R"({"__hogNumber__":true,"value":")";
      out_.append(opening);
      out_.append(number_text(number) + "\"}");
    }
  }

  Result<void> write_container(const Value& value) {
    if (value.object()->visiting) {
      out_.append("null");
      return {};
    }
    if (depth_ == value_nesting_max) {
      return fail(ErrorCode::invalid_input, "Value is nested too deeply to be written as JSON");
    }
    ++depth_;
    value.object()->visiting = true;
    const Result<void> done = value.is_list()   ? write_list(value)
                              : value.is_dict() ? write_dict(value.dict())
                                                : write_error(value.error());
    value.object()->visiting = false;
    --depth_;
    return done;
  }

  void new_line(int depth) {
    if (indent_ == 0) return;
    out_.append("\n" + std::string(static_cast<size_t>(depth) * indent_, ' '));
  }

  Result<void> write_items(std::span<const Value> items) {
    out_.append("[");
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_.append(",");
      new_line(depth_);
      MR_CHECK(write(items[i]));
    }
    if (!items.empty()) new_line(depth_ - 1);
    out_.append("]");
    return {};
  }

  Result<void> write_list(const Value& value) {
    const bool tagged = form_ == JsonForm::state && value.kind() == Kind::tuple;
    if (tagged) out_.append(R"({"__hogTuple__":true,"items":)");
    MR_CHECK(write_items(value.list().items));
    if (tagged) out_.append("}");
    return {};
  }

  Result<void> write_member(std::string_view key, const Value& value) {
    append_string(out_, key);
    out_.append(indent_ > 0 ? ": " : ":");
    return write(value);
  }

  Result<void> write_dict(const Dict& dict) {
    const bool texts_only = std::ranges::all_of(
        dict.entries, [](const Dict::Entry& entry) { return entry.key.is_text(); });
    if (form_ == JsonForm::state && !texts_only) return write_entries(dict);
    out_.append("{");
    bool first = true;
    for (const Dict::Entry& entry : dict.entries) {
      if (!first) out_.append(",");
      first = false;
      new_line(depth_);
      if (entry.key.is_text()) {
        MR_CHECK(write_member(entry.key.text().view(), entry.value));
        continue;
      }
      TextBuilder key(context_.heap);
      MR_CHECK(append_printed(key, context_.budget, entry.key));
      MR_CHECK(write_member(key.view(), entry.value));
    }
    if (!first) new_line(depth_ - 1);
    out_.append("}");
    return {};
  }

  // A dict whose keys JSON could not carry.
  Result<void> write_entries(const Dict& dict) {
    out_.append(R"({"__hogMap__":true,"entries":[)");
    bool first = true;
    for (const Dict::Entry& entry : dict.entries) {
      out_.append(first ? "[" : ",[");
      first = false;
      MR_CHECK(write(entry.key));
      out_.append(",");
      MR_CHECK(write(entry.value));
      out_.append("]");
    }
    out_.append("]}");
    return {};
  }

  // The members of a marker object, given as pairs.
  Result<void> write_marked(std::string_view marker,
                            std::initializer_list<std::pair<std::string_view, Value>> members) {
    out_.append("{");
    new_line(depth_ + 1);
    ++depth_;
    MR_CHECK(write_member(marker, Value(true)));
    for (const auto& [key, value] : members) {
      out_.append(",");
      new_line(depth_);
      MR_CHECK(write_member(key, value));
    }
    --depth_;
    new_line(depth_);
    out_.append("}");
    return {};
  }

  Result<void> write_error(const HogError& error) {
    --depth_;  // the object itself was counted
    const Result<void> done =
        error.payload.is_null()
            ? write_marked("__hogError__", {{"type", error.type}, {"message", error.message}})
            : write_marked(
                  "__hogError__",
                  {{"type", error.type}, {"message", error.message}, {"payload", error.payload}});
    ++depth_;
    return done;
  }

  Result<void> write_leaf(const Value& value) {
    switch (value.kind()) {
      case Kind::date:
        return write_marked("__hogDate__", {{"year", Value(value.date().year)},
                                            {"month", Value(value.date().month)},
                                            {"day", Value(value.date().day)}});
      case Kind::moment:
        return write_marked("__hogDateTime__",
                            {{"dt", Value(value.moment().seconds)}, {"zone", value.moment().zone}});
      case Kind::interval:
        return write_marked("__hogInterval__", {{"value", Value(value.interval().count)},
                                                {"unit", value.interval().unit}});
      default:
        break;
    }
    if (form_ == JsonForm::state) return write_function(value);
    TextBuilder shown(context_.heap);
    MR_CHECK(append_printed(shown, context_.budget, value));
    append_string(out_, shown.view());
    return {};
  }

  Result<void> write_function(const Value& value) {
    if (value.kind() == Kind::callable) {
      write_callable(value.callable());
      return {};
    }
    out_.append(R"({"__hogClosure__":true,"callable":)");
    write_callable(value.closure().callable.callable());
    out_.append(R"(,"upvalues":[)");
    bool first = true;
    for (const Value& upvalue : value.closure().upvalues) {
      if (!first) out_.append(",");
      first = false;
      const auto next = static_cast<uint32_t>(upvalues_->size() + 1);
      out_.append(std::to_string(upvalues_->try_emplace(upvalue.object(), next).first->second));
    }
    out_.append("]}");
    return {};
  }

  void write_callable(const Callable& callable) {
    constexpr std::string_view origins[] = {"local", "stl", "async"};
    const auto text_of = [](const Value& value) {
      return value.is_text() ? value.text().view() : std::string_view();
    };
    out_.append(R"({"__hogCallable__":")");
    out_.append(origins[static_cast<size_t>(callable.origin)]);
    out_.append(R"(","name":)");
    append_string(out_, text_of(callable.name));
    out_.append(R"(,"chunk":)");
    append_string(out_, text_of(callable.chunk));
    out_.append(",\"argCount\":" + std::to_string(callable.argument_count) +
                ",\"upvalueCount\":" + std::to_string(callable.upvalue_count) +
                ",\"ip\":" + std::to_string(static_cast<int32_t>(callable.position)) + "}");
  }

  TextBuilder& out_;
  Context& context_;
  JsonForm form_;
  uint32_t indent_;
  UpvalueIds* upvalues_;
  int depth_ = 0;
};

class ValueReader {
 public:
  ValueReader(Context& context, json::Reader& reader, const Upvalues* upvalues)
      : context_(context), reader_(reader), upvalues_(upvalues) {}

  Result<Value> read() {
    if (!context_.budget.work(1) || context_.heap.exceeded()) return Value();
    switch (reader_.peek()) {
      case json::Kind::object:
        return read_object();
      case json::Kind::array:
        return read_array();
      default:
        return read_scalar();
    }
  }

 private:
  Result<Value> read_scalar() {
    const std::string_view raw = reader_.value();
    if (!reader_.ok()) return fail(reader_.error());
    switch (json::kind_of(raw)) {
      case json::Kind::boolean:
        return Value(json::is_true(raw));
      case json::Kind::number:
        return Value(json::as_double(raw).value_or(0));
      case json::Kind::string: {
        std::string scratch;
        return make_text(context_.heap, json::text_of(raw, scratch));
      }
      default:
        return Value();
    }
  }

  Result<Value> read_array() {
    Value made = make_list(context_.heap);
    reader_.enter_array();
    while (reader_.next_item()) {
      MR_TRY(Value item, read());
      if (made.is_null() || !made.list().push(std::move(item))) return Value();
    }
    if (!reader_.ok()) return fail(reader_.error());
    return made;
  }

  Result<Value> read_object() {
    Value made = make_dict(context_.heap);
    bool may_be_marked = false;
    std::string_view key;
    reader_.enter_object();
    while (reader_.next_member(key)) {
      may_be_marked |= key.starts_with("__hog");
      Value name = make_text(context_.heap, key);
      MR_TRY(Value value, read());
      if (made.is_null() || name.is_null() || !made.dict().set(std::move(name), std::move(value))) {
        return Value();
      }
    }
    if (!reader_.ok()) return fail(reader_.error());
    if (!may_be_marked) return made;
    return revive(context_.heap, made, upvalues_);
  }

  Context& context_;
  json::Reader& reader_;
  const Upvalues* upvalues_;
};

}  // namespace

Result<void> append_json(TextBuilder& out, Context& context, const Value& value, JsonForm form,
                         uint32_t indent, UpvalueIds* upvalues) {
  return Writer(out, context, form, indent, upvalues).write(value);
}

std::string json_text(Context& context, const Value& value) {
  constexpr size_t bytes_max = 1000;
  TextBuilder out(context.heap);
  if (!append_json(out, context, value, JsonForm::plain)) return "?";
  std::string text(out.view());
  if (text.size() > bytes_max) text = std::string(codec::cut_utf16(text, bytes_max)) + "…";
  return text;
}

Result<Value> read_json(Context& context, std::string_view json, const Upvalues* upvalues) {
  if (!codec::is_valid_utf8(json)) return fail(ErrorCode::invalid_input, "JSON is not valid UTF-8");
  json::Reader reader(json);
  MR_TRY(Value value, ValueReader(context, reader, upvalues).read());
  const bool stopped = context.heap.exceeded() || context.budget.exhausted();
  if (!stopped && !reader.at_end()) return fail(reader.error());
  return value;
}

}  // namespace mr::hog
