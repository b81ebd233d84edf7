#include <algorithm>
#include <cmath>

#include "codec/json_object.h"
#include "codec/json_reader.h"
#include "codec/json_text.h"
#include "hog/coerce.h"
#include "hog/json_value.h"
#include "hog/library.h"
#include "hog/machine.h"
#include "hog/text.h"

// A suspended run as JSON and back. The form is the reference's, so that either machine can go on
// with the other's runs; what that form loses (tuples, NaN, keys that are no texts) has markers of
// its own, which are read where they are found.
namespace mr::hog {
namespace {

constexpr uint32_t upvalue_ids_max = 1'000'000;
constexpr size_t frames_max = 100'000;

std::string number(uint64_t value) {
  return std::to_string(value);
}

// The number under the key, within bounds; nothing when it is missing or anything else.
std::optional<uint32_t> count_of(std::string_view object, std::string_view key,
                                 uint32_t max = INT32_MAX) {
  const auto value = json::as_int64(json::member_of(object, key));
  if (!value || *value < 0 || *value > max) return std::nullopt;
  return static_cast<uint32_t>(*value);
}

std::string text_of(std::string_view object, std::string_view key) {
  return json::unquote(json::member_of(object, key)).value_or("");
}

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::invalid_input, "The state of a run is malformed: " + std::string(what));
}

}  // namespace

class StateWriter {
 public:
  explicit StateWriter(Machine& machine) : machine_(machine), out_(machine.heap_) {}

  Result<std::string> write() {
    // Functions name their captured variables by numbers, given in the order of meeting them; the
    // open ones first.
    for (const Value& upvalue : machine_.open_upvalues_) number_upvalue(upvalue);
    out_.append(R"({"bytecodes":)");
    append_bytecodes();
    out_.append(R"(,"stack":)");
    MR_CHECK(append_values(machine_.stack_));
    out_.append(R"(,"callStack":)");
    MR_CHECK(append_frames());
    out_.append(R"(,"upvalues":)");
    MR_CHECK(append_upvalues());
    append_rest();
    if (out_.full()) return fail(ErrorCode::too_large, "The state does not fit into the memory");
    return std::string(out_.view());
  }

 private:
  void number_upvalue(const Value& upvalue) {
    ids_.try_emplace(upvalue.object(), static_cast<uint32_t>(ids_.size() + 1));
  }

  Result<void> append(const Value& value) {
    MR_CHECK(append_json(out_, machine_.context_, value, JsonForm::state, 0, &ids_));
    return collect(value);
  }

  // Remembers the captured variables of the functions in a value, which must be written too.
  Result<void> collect(const Value& value) {
    if (ids_.size() == known_.size()) return {};
    return find_upvalues(value, 0);
  }

  Result<void> find_upvalues(const Value& value, int depth) {
    if (depth > value_nesting_max || !value.is_object() || value.is_text()) return {};
    if (value.object()->visiting) return {};
    value.object()->visiting = true;
    Result<void> done;
    if (value.is_list()) {
      for (const Value& item : value.list().items) done = find_upvalues(item, depth + 1);
    } else if (value.is_dict()) {
      for (const Dict::Entry& entry : value.dict().entries) {
        done = find_upvalues(entry.value, depth + 1);
      }
    } else if (value.kind() == Kind::error) {
      done = find_upvalues(value.error().payload, depth + 1);
    } else if (value.kind() == Kind::closure) {
      for (const Value& upvalue : value.closure().upvalues) remember(upvalue);
    }
    value.object()->visiting = false;
    return done;
  }

  void remember(const Value& upvalue) {
    const auto id = ids_.find(upvalue.object());
    if (id != ids_.end() && known_.emplace(upvalue.object(), id->second).second) {
      waiting_.push_back(upvalue);
    }
  }

  Result<void> append_values(std::span<const Value> values) {
    out_.append("[");
    for (size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out_.append(",");
      MR_CHECK(append(values[i]));
    }
    out_.append("]");
    return {};
  }

  void append_bytecodes() {
    out_.append("{");
    bool first = true;
    for (const Machine::Chunk& chunk : machine_.chunks_) {
      if (chunk.name.starts_with(library_chunk_prefix)) continue;
      if (!first) out_.append(",");
      first = false;
      out_.append(json::quote(chunk.name) + R"(:{"bytecode":)");
      out_.append(write_program(chunk.code->program()) + "}");
    }
    out_.append("}");
  }

  Result<void> append_frames() {
    out_.append("[");
    for (size_t i = 0; i < machine_.frames_.size(); ++i) {
      const Machine::Frame& frame = machine_.frames_[i];
      out_.append(std::string(i > 0 ? "," : "") + R"({"ip":)" + number(frame.position) +
                  R"(,"chunk":)" + json::quote(frame.chunk->name) + R"(,"stackStart":)" +
                  number(frame.stack_start) + R"(,"argCount":)" + number(frame.argument_count) +
                  R"(,"closure":)");
      if (frame.closure.is_null()) {
        append_body_closure(frame);
      } else {
        MR_CHECK(append(frame.closure));
      }
      out_.append("}");
    }
    out_.append("]");
    return {};
  }

  // Frames of the program itself and of the library's programs have no closure of their own here.
  void append_body_closure(const Machine::Frame& frame) {
    const std::string_view chunk = frame.chunk->name;
    const bool library = chunk.starts_with(library_chunk_prefix);
    const std::string name =
        library ? std::string(chunk.substr(library_chunk_prefix.size())) : std::string();
    out_.append(std::string(R"({"__hogClosure__":true,"callable":{"__hogCallable__":")") +
                (library ? "stl" : "local") + R"(","name":)" + json::quote(name) + R"(,"chunk":)" +
                json::quote(chunk) + R"(,"argCount":)" + number(frame.argument_count) +
                R"(,"upvalueCount":0,"ip":)" + (library ? "0" : "1") + R"(},"upvalues":[]})");
  }

  Result<void> append_upvalues() {
    for (const Value& upvalue : machine_.open_upvalues_) remember(upvalue);
    out_.append("[");
    // Writing one may meet others.
    for (size_t i = 0; i < waiting_.size(); ++i) {
      const Value held = waiting_[i];
      const auto& upvalue = *static_cast<const Captured*>(held.object());
      out_.append(std::string(i > 0 ? "," : "") + R"({"__hogUpValue__":true,"id":)" +
                  number(ids_.at(&upvalue)) + R"(,"location":)" + number(upvalue.location) +
                  R"(,"closed":)" + (upvalue.closed ? "true" : "false") + R"(,"value":)");
      MR_CHECK(append(upvalue.closed ? upvalue.value : Value()));
      out_.append("}");
      if (out_.full()) break;
    }
    out_.append("]");
    return {};
  }

  void append_rest() {
    out_.append(R"(,"throwStack":[)");
    bool first = true;
    for (const Machine::TryBlock& block : machine_.try_blocks_) {
      out_.append(std::string(first ? "" : ",") + R"({"callStackLen":)" + number(block.frames) +
                  R"(,"stackLen":)" + number(block.stack_size) + R"(,"catchIp":)" +
                  number(block.handler) + "}");
      first = false;
    }
    out_.append(R"(],"declaredFunctions":{)");
    first = true;
    for (const auto& [name, function] : machine_.declared_) {
      out_.append((first ? "" : ",") + json::quote(name) + ":[" + number(function.position) + "," +
                  number(function.argument_count) + "]");
      first = false;
    }
    out_.append(R"(},"ops":)" + number(machine_.budget_.operations()) + R"(,"asyncSteps":)" +
                number(machine_.async_steps_) + R"(,"syncDuration":)" +
                number_text(std::floor(machine_.budget_.millis())) + R"(,"maxMemUsed":)" +
                number(machine_.heap_.bytes_peak()) + "}");
  }

  Machine& machine_;
  TextBuilder out_;
  UpvalueIds ids_;
  UpvalueIds known_;
  std::vector<Value> waiting_;
};

class StateReader {
 public:
  StateReader(Machine& machine, std::string_view json) : machine_(machine), state_(json) {}

  Result<void> read(const Value& globals) {
    MR_CHECK(read_chunks(globals));
    MR_CHECK(read_upvalues());
    MR_TRY(const auto values, json::split_array(json::member_of(state_, "stack")));
    for (const std::string_view raw : values) {
      MR_TRY(Value value, read_json(machine_.context_, raw, &upvalues_));
      if (!machine_.push(std::move(value))) return malformed("the stack does not fit");
    }
    MR_CHECK(read_frames());
    MR_CHECK(read_try_blocks());
    MR_CHECK(read_declared());
    return settle_upvalues();
  }

 private:
  Result<void> read_chunks(const Value& globals) {
    MR_TRY(const auto bytecodes, json::Object::parse(json::member_of(state_, "bytecodes")));
    const auto add = [&](std::string_view name) -> Result<void> {
      MR_TRY(Program program, read_program(json::member_of(*bytecodes.find(name), "bytecode")));
      machine_.chunks_.push_back({std::string(name), machine_.own(std::move(program)), globals});
      return {};
    };
    if (!bytecodes.contains("root")) return malformed("no bytecode");
    MR_CHECK(add("root"));
    for (const json::Member& chunk : bytecodes) {
      if (chunk.key != "root") MR_CHECK(add(chunk.key));
    }
    return {};
  }

  // In two steps, since the values of captured variables may be functions that capture others.
  Result<void> read_upvalues() {
    const std::string_view raw = json::member_of(state_, "upvalues");
    if (raw.empty()) return {};
    MR_TRY(const auto items, json::split_array(raw));
    for (const std::string_view item : items) {
      const auto id = count_of(item, "id", upvalue_ids_max);
      const auto location = count_of(item, "location");
      if (!id || !location) return malformed("a captured variable");
      Value made = make_upvalue(machine_.heap_, *location);
      if (made.is_null() || !upvalues_.emplace(*id, std::move(made)).second) {
        return malformed("a captured variable twice");
      }
    }
    for (const std::string_view item : items) {
      auto& upvalue = *static_cast<Captured*>(upvalues_[*count_of(item, "id")].object());
      upvalue.closed = json::is_true(json::member_of(item, "closed"));
      if (!upvalue.closed) continue;
      const std::string_view value = json::member_of(item, "value");
      if (value.empty()) continue;
      MR_TRY(upvalue.value, read_json(machine_.context_, value, &upvalues_));
    }
    return {};
  }

  Result<void> read_frames() {
    MR_TRY(const auto items, json::split_array(json::member_of(state_, "callStack")));
    if (items.empty() || items.size() > frames_max) return malformed("the calls");
    for (const std::string_view item : items) {
      const auto position = count_of(item, "ip");
      const auto start = count_of(item, "stackStart");
      const auto* chunk = machine_.find_chunk(text_of(item, "chunk"));
      if (!position || !start || chunk == nullptr || *start > machine_.stack_.size()) {
        return malformed("a call");
      }
      Value closure;
      const std::string_view raw = json::member_of(item, "closure");
      if (!raw.empty()) {
        MR_TRY(closure, read_json(machine_.context_, raw, &upvalues_));
      }
      if (closure.kind() != Kind::closure) closure = Value();
      machine_.frames_.push_back({chunk, std::min(*position, chunk->code->size()), *start,
                                  count_of(item, "argCount").value_or(0), std::move(closure)});
    }
    return {};
  }

  Result<void> read_try_blocks() {
    const std::string_view raw = json::member_of(state_, "throwStack");
    if (raw.empty()) return {};
    MR_TRY(const auto items, json::split_array(raw));
    for (const std::string_view item : items) {
      const auto frames = count_of(item, "callStackLen");
      const auto stack_size = count_of(item, "stackLen");
      const auto handler = count_of(item, "catchIp");
      if (!frames || !stack_size || !handler || *frames == 0 || *frames > machine_.frames_.size() ||
          *stack_size > machine_.stack_.size()) {
        return malformed("a try block");
      }
      machine_.try_blocks_.push_back({*frames, *stack_size, *handler});
    }
    return {};
  }

  Result<void> read_declared() {
    const std::string_view raw = json::member_of(state_, "declaredFunctions");
    if (!raw.starts_with('{')) return {};
    MR_TRY(const auto functions, json::Object::parse(raw));
    for (const json::Member& function : functions) {
      MR_TRY(const auto cells, json::split_array(function.raw));
      const auto position = cells.size() == 2 ? json::as_int64(cells[0]) : std::nullopt;
      const auto arguments = cells.size() == 2 ? json::as_int64(cells[1]) : std::nullopt;
      if (!position || !arguments || *position < 0 || *position > INT32_MAX || *arguments < 0 ||
          *arguments > INT32_MAX) {
        return malformed("a declared function");
      }
      machine_.declared_[std::string(function.key)] = {static_cast<uint32_t>(*position),
                                                       static_cast<uint32_t>(*arguments),
                                                       &machine_.chunks_.front()};
    }
    return {};
  }

  // The open ones belong to slots of the stack, in order and once each.
  Result<void> settle_upvalues() {
    for (const auto& [id, value] : upvalues_) {
      const auto& upvalue = *static_cast<const Captured*>(value.object());
      if (!upvalue.closed) machine_.open_upvalues_.push_back(value);
    }
    const auto location = [](const Value& value) {
      return static_cast<const Captured*>(value.object())->location;
    };
    std::ranges::sort(machine_.open_upvalues_, {}, location);
    if (std::ranges::adjacent_find(machine_.open_upvalues_, {}, location) !=
        machine_.open_upvalues_.end()) {
      return malformed("two captured variables in one place");
    }
    return {};
  }

  Machine& machine_;
  std::string_view state_;
  Upvalues upvalues_;
};

Result<std::string> Machine::save_state() {
  return StateWriter(*this).write();
}

Result<void> Machine::load_state(std::string_view json, const Value& globals) {
  reset();
  if (!json::is_valid(json)) return malformed("no JSON");
  const double millis = json::as_double(json::member_of(json, "syncDuration")).value_or(0);
  const auto operations = json::as_int64(json::member_of(json, "ops")).value_or(0);
  budget_.start(std::max(millis, 0.0), static_cast<uint64_t>(std::max<int64_t>(operations, 0)));
  auto done = StateReader(*this, json).read(globals);
  if (done && (heap_.exceeded() || budget_.exhausted())) done = malformed("it is too large");
  if (!done) {
    reset();
    return done;
  }
  async_steps_ = count_of(json, "asyncSteps").value_or(0);
  return {};
}

}  // namespace mr::hog
