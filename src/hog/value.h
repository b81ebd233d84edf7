#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "hog/heap.h"

namespace mr::hog {

enum class Kind : uint8_t {
  null,
  boolean,
  number,
  text,
  list,   // array
  tuple,  // a list with another name
  dict,
  date,
  moment,  // datetime
  interval,
  error,
  callable,
  closure,
  upvalue,  // inner to closures; never seen by a program
};

// What every value with contents begins with.
struct Object {
  Object(Heap& owner, Kind own_kind) : heap(&owner), kind(own_kind) {}

  void retain() { ++references; }
  void release() {
    if (--references == 0) heap->free(this);
  }

  Heap* heap;
  uint32_t references = 0;
  Kind kind;
  // Set while a walk over nested values (print, JSON, copy) is inside: meeting it again is a cycle.
  bool visiting = false;
};

struct Text;
struct List;
struct Dict;
struct Date;
struct Moment;
struct Interval;
struct HogError;
struct Callable;
struct Closure;

// One value of the language: 16 bytes. Copies of lists, dicts and errors share what they hold.
class Value {
 public:
  Value() = default;
  explicit Value(std::same_as<bool> auto boolean) : kind_(Kind::boolean) { boolean_ = boolean; }
  explicit Value(std::same_as<double> auto number) : kind_(Kind::number) { number_ = number; }
  explicit Value(Object* object) : kind_(object->kind), object_(object) { object->retain(); }
  Value(const Value& other) : kind_(other.kind_), bits_(other.bits_) {
    if (is_object()) object_->retain();
  }
  Value(Value&& other) noexcept
      : kind_(std::exchange(other.kind_, Kind::null)), bits_(other.bits_) {}
  Value& operator=(const Value& other) {
    Value copy(other);
    swap(copy);
    return *this;
  }
  Value& operator=(Value&& other) noexcept {
    Value moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Value() {
    if (is_object()) object_->release();
  }

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_number() const { return kind_ == Kind::number; }
  bool is_text() const { return kind_ == Kind::text; }
  bool is_list() const { return kind_ == Kind::list || kind_ == Kind::tuple; }
  bool is_dict() const { return kind_ == Kind::dict; }
  bool is_object() const { return kind_ >= Kind::text; }
  bool is_temporal() const { return kind_ == Kind::date || kind_ == Kind::moment; }

  // Each may only be asked of a value of that kind.
  bool boolean() const { return boolean_; }
  double number() const { return number_; }
  Object* object() const { return object_; }
  Text& text() const;
  List& list() const;
  Dict& dict() const;
  Date& date() const;
  Moment& moment() const;
  Interval& interval() const;
  HogError& error() const;
  Callable& callable() const;
  Closure& closure() const;

  // The same kind and the same scalar, text or object: what `in`, `has` and the keys of a dict go
  // by. NaN is identical to itself.
  bool identical(const Value& other) const;

 private:
  void swap(Value& other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(bits_, other.bits_);
  }

  Kind kind_ = Kind::null;
  union {
    uint64_t bits_ = 0;
    bool boolean_;
    double number_;
    Object* object_;
  };
};
static_assert(sizeof(Value) == 16);

// Immutable text in UTF-8; halves of a surrogate pair, which programs can cut out, are kept as
// three bytes (WTF-8). The characters follow the object in memory.
struct Text : Object {
  std::string_view view() const { return {characters(), size}; }
  bool is_ascii() const { return size == units; }
  const char* characters() const { return reinterpret_cast<const char*>(this + 1); }
  uint32_t hash() const;

  uint32_t size;           // bytes
  uint32_t units;          // of UTF-16: what programs measure
  mutable uint32_t hash_;  // 0: not yet known

 private:
  friend Value make_text(Heap& heap, std::string_view text, size_t units);
  using Object::Object;
};

// An object that holds values, linked into its heap for the sake of cycles.
struct Container : Object {
  Container(Heap& owner, Kind own_kind);
  void unlink();

  Container* previous = nullptr;
  Container* next = nullptr;
};

struct List : Container {
  List(Heap& heap, Kind kind) : Container(heap, kind) {}
  // False when memory ran out; the list is then as it was.
  bool push(Value value);
  bool reserve(size_t count);
  // Grows with nulls; never shrinks.
  bool grow_to(size_t count);
  size_t size() const { return items.size(); }

  std::vector<Value> items;
};

// Keys of any kind, in the order of their first appearance; a key is found by identity.
struct Dict : Container {
  struct Entry {
    Value key;
    Value value;
  };

  explicit Dict(Heap& heap) : Container(heap, Kind::dict) {}
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  bool set(Value key, Value value);
  bool set(std::string_view key, Value value);
  size_t size() const { return entries.size(); }
  bool reserve(size_t count);
  // What entries and index take, for the heap's count.
  size_t bytes_held() const;

  std::vector<Entry> entries;

 private:
  template <typename Same>
  const Entry* search(uint32_t hash, Same same) const;
  bool build_index(size_t slots);
  void enter(uint32_t hash, uint32_t position);

  std::vector<uint32_t> index_;  // position + 1 of an entry, or 0; empty while dicts are small
};

struct Date : Object {
  Date(Heap& heap, double y, double m, double d)
      : Object(heap, Kind::date), year(y), month(m), day(d) {}
  double year, month, day;  // NaN where a text was no date
};

struct Moment : Object {
  Moment(Heap& heap, double at, Value own_zone)
      : Object(heap, Kind::moment), seconds(at), zone(std::move(own_zone)) {}
  double seconds;  // since 1970; NaN where a text was no moment
  Value zone;      // a text
};

struct Interval : Object {
  Interval(Heap& heap, double how_many, Value of)
      : Object(heap, Kind::interval), count(how_many), unit(std::move(of)) {}
  double count;
  Value unit;
};

struct HogError : Container {
  HogError(Heap& heap, Value own_type, Value own_message, Value own_payload)
      : Container(heap, Kind::error),
        type(std::move(own_type)),
        message(std::move(own_message)),
        payload(std::move(own_payload)) {}
  Value type, message, payload;
};

enum class CallableKind : uint8_t { local, library, async };

// A function: its body in bytecode, or the name of one that the library or the host has.
struct Callable : Object {
  Callable(Heap& heap, CallableKind where) : Object(heap, Kind::callable), origin(where) {}
  CallableKind origin;
  uint32_t argument_count = 0;
  uint32_t upvalue_count = 0;
  uint32_t position = 0;  // of the first instruction, in its chunk
  Value name;
  Value chunk;
};

// A captured variable: a slot of the stack while that lives, then a value of its own.
struct Captured : Container {
  Captured(Heap& heap, uint32_t slot) : Container(heap, Kind::upvalue), location(slot) {}
  uint32_t location;
  bool closed = false;
  Value value;
};

struct Closure : Container {
  Closure(Heap& heap, Value body) : Container(heap, Kind::closure), callable(std::move(body)) {}
  Value callable;
  std::vector<Value> upvalues;
};

// Each gives null when memory ran out.
Value make_text(Heap& heap, std::string_view text);
Value make_text(Heap& heap, std::string_view text, size_t units);  // when they are known
Value make_list(Heap& heap, Kind kind = Kind::list);
Value make_dict(Heap& heap);
Value make_date(Heap& heap, double year, double month, double day);
Value make_moment(Heap& heap, double seconds, std::string_view zone);
Value make_interval(Heap& heap, double count, std::string_view unit);
Value make_error(Heap& heap, Value type, Value message, Value payload);
Value make_callable(Heap& heap, CallableKind origin, Value name);
Value make_closure(Heap& heap, Value callable);
Value make_upvalue(Heap& heap, uint32_t slot);

inline Text& Value::text() const {
  return *static_cast<Text*>(object_);
}
inline List& Value::list() const {
  return *static_cast<List*>(object_);
}
inline Dict& Value::dict() const {
  return *static_cast<Dict*>(object_);
}
inline Date& Value::date() const {
  return *static_cast<Date*>(object_);
}
inline Moment& Value::moment() const {
  return *static_cast<Moment*>(object_);
}
inline Interval& Value::interval() const {
  return *static_cast<Interval*>(object_);
}
inline HogError& Value::error() const {
  return *static_cast<HogError*>(object_);
}
inline Callable& Value::callable() const {
  return *static_cast<Callable*>(object_);
}
inline Closure& Value::closure() const {
  return *static_cast<Closure*>(object_);
}

}  // namespace mr::hog
