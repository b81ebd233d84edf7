#include "hog/value.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "hog/text.h"

namespace mr::hog {
namespace {

constexpr size_t dict_linear_max = 8;

// FNV-1a with a final mix: short keys, few of them.
uint32_t hash_bytes(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  const auto mixed = static_cast<uint32_t>(hash ^ (hash >> 32U));
  return mixed == 0 ? 1 : mixed;
}

uint32_t hash_bits(uint64_t bits) {
  bits *= 0x9e3779b97f4a7c15ULL;
  return static_cast<uint32_t>(bits >> 32U);
}

uint32_t hash_of(const Value& value) {
  switch (value.kind()) {
    case Kind::null:
      return 0;
    case Kind::boolean:
      return value.boolean() ? 2 : 1;
    case Kind::number: {
      const double number = value.number();
      if (std::isnan(number)) return 3;
      return hash_bits(std::bit_cast<uint64_t>(number == 0 ? 0.0 : number));
    }
    case Kind::text:
      return value.text().hash();
    default:
      return hash_bits(reinterpret_cast<uintptr_t>(value.object()));
  }
}

// A new object of that type, or null.
template <typename T, typename... Arguments>
Value make(Heap& heap, Arguments&&... arguments) {
  if (!heap.take(sizeof(T))) return {};
  return Value(new T(heap, std::forward<Arguments>(arguments)...));
}

// Counts the vector's growth to `capacity` items before it is made.
template <typename T>
bool grow(Heap& heap, std::vector<T>& items, size_t capacity) {
  const size_t before = items.capacity() * sizeof(T);
  if (!heap.take(capacity * sizeof(T))) return false;
  items.reserve(capacity);
  heap.give_back(before);
  return true;
}

template <typename T>
bool make_room(Heap& heap, std::vector<T>& items) {
  if (items.size() < items.capacity()) return true;
  return grow(heap, items, items.empty() ? 4 : items.size() * 2);
}

// Ends the object and gives the bytes that were counted for it.
size_t destroy(Object* object) {
  const auto end = [](auto* typed) {
    const size_t bytes = sizeof(*typed);
    delete typed;
    return bytes;
  };
  switch (object->kind) {
    case Kind::text: {
      const size_t bytes = sizeof(Text) + static_cast<Text*>(object)->size;
      std::free(object);
      return bytes;
    }
    case Kind::list:
    case Kind::tuple: {
      auto* list = static_cast<List*>(object);
      const size_t bytes = list->items.capacity() * sizeof(Value);
      return bytes + end(list);
    }
    case Kind::dict: {
      auto* dict = static_cast<Dict*>(object);
      const size_t bytes = dict->bytes_held();
      return bytes + end(dict);
    }
    case Kind::closure: {
      auto* closure = static_cast<Closure*>(object);
      const size_t bytes = closure->upvalues.capacity() * sizeof(Value);
      return bytes + end(closure);
    }
    case Kind::date:
      return end(static_cast<Date*>(object));
    case Kind::moment:
      return end(static_cast<Moment*>(object));
    case Kind::interval:
      return end(static_cast<Interval*>(object));
    case Kind::error:
      return end(static_cast<HogError*>(object));
    case Kind::callable:
      return end(static_cast<Callable*>(object));
    default:
      return end(static_cast<Captured*>(object));
  }
}

bool is_container(Kind kind) {
  return kind == Kind::list || kind == Kind::tuple || kind == Kind::dict || kind == Kind::error ||
         kind == Kind::closure || kind == Kind::upvalue;
}

// Lets go of everything that a container holds, without ending it.
void empty_out(Container* container) {
  switch (container->kind) {
    case Kind::list:
    case Kind::tuple:
      static_cast<List*>(container)->items.clear();
      break;
    case Kind::dict:
      static_cast<Dict*>(container)->entries.clear();
      break;
    case Kind::error: {
      auto* error = static_cast<HogError*>(container);
      error->type = error->message = error->payload = Value();
      break;
    }
    case Kind::closure:
      static_cast<Closure*>(container)->upvalues.clear();
      break;
    default:
      static_cast<Captured*>(container)->value = Value();
  }
}

}  // namespace

Heap::~Heap() {
  // What is left is held by cycles only. A reference of our own keeps each alive while it is
  // opened.
  while (containers_ != nullptr) {
    const Value held(containers_);
    containers_->unlink();
    empty_out(static_cast<Container*>(held.object()));
  }
}

void Heap::refuse(size_t bytes) {
  if (bytes_refused_ != 0) return;
  const bool overflows = bytes > std::numeric_limits<size_t>::max() - bytes_;
  bytes_refused_ = overflows ? std::numeric_limits<size_t>::max() : bytes_ + bytes;
}

void Heap::free(Object* object) {
  if (!is_container(object->kind)) {
    give_back(destroy(object));
    return;
  }
  auto* container = static_cast<Container*>(object);
  container->unlink();
  container->next = waiting_;
  waiting_ = container;
  if (!freeing_) free_waiting();
}

void Heap::free_waiting() {
  freeing_ = true;
  while (waiting_ != nullptr) {
    Container* container = waiting_;
    waiting_ = container->next;
    give_back(destroy(container));
  }
  freeing_ = false;
}

Container::Container(Heap& owner, Kind own_kind) : Object(owner, own_kind) {
  next = owner.containers_;
  if (next != nullptr) next->previous = this;
  owner.containers_ = this;
}

void Container::unlink() {
  if (previous != nullptr) {
    previous->next = next;
  } else if (heap->containers_ == this) {
    heap->containers_ = next;
  }
  if (next != nullptr) next->previous = previous;
  previous = next = nullptr;
}

bool Value::identical(const Value& other) const {
  if (kind_ != other.kind_) return false;
  switch (kind_) {
    case Kind::null:
      return true;
    case Kind::boolean:
      return boolean_ == other.boolean_;
    case Kind::number:
      return number_ == other.number_ || (std::isnan(number_) && std::isnan(other.number_));
    case Kind::text:
      return object_ == other.object_ || text().view() == other.text().view();
    default:
      return object_ == other.object_;
  }
}

uint32_t Text::hash() const {
  if (hash_ == 0) hash_ = hash_bytes(view());
  return hash_;
}

bool List::push(Value value) {
  if (!make_room(*heap, items)) return false;
  items.push_back(std::move(value));
  return true;
}

bool List::reserve(size_t count) {
  return count <= items.capacity() || grow(*heap, items, count);
}

bool List::grow_to(size_t count) {
  if (count <= items.size()) return true;
  if (count > items.max_size() || !reserve(count)) return false;
  items.resize(count);
  return true;
}

template <typename Same>
const Dict::Entry* Dict::search(uint32_t hash, Same same) const {
  if (index_.empty()) {
    for (const Entry& entry : entries) {
      if (same(entry.key)) return &entry;
    }
    return nullptr;
  }
  for (size_t slot = hash & (index_.size() - 1);; slot = (slot + 1) & (index_.size() - 1)) {
    if (index_[slot] == 0) return nullptr;
    const Entry& entry = entries[index_[slot] - 1];
    if (same(entry.key)) return &entry;
  }
}

const Value* Dict::find(const Value& key) const {
  if (key.is_text()) {
    const Text& wanted = key.text();
    const auto same = [&](const Value& other) {
      return other.is_text() && (&other.text() == &wanted || other.text().view() == wanted.view());
    };
    const Entry* entry = search(index_.empty() ? 0 : wanted.hash(), same);
    return entry == nullptr ? nullptr : &entry->value;
  }
  const Entry* entry = search(index_.empty() ? 0 : hash_of(key),
                              [&](const Value& other) { return other.identical(key); });
  return entry == nullptr ? nullptr : &entry->value;
}

const Value* Dict::find(std::string_view key) const {
  const auto same = [&](const Value& other) {
    return other.is_text() && other.text().view() == key;
  };
  const Entry* entry = search(index_.empty() ? 0 : hash_bytes(key), same);
  return entry == nullptr ? nullptr : &entry->value;
}

void Dict::enter(uint32_t hash, uint32_t position) {
  size_t slot = hash & (index_.size() - 1);
  while (index_[slot] != 0) slot = (slot + 1) & (index_.size() - 1);
  index_[slot] = position + 1;
}

bool Dict::build_index(size_t slots) {
  if (!heap->take(slots * sizeof(uint32_t))) return false;
  heap->give_back(index_.capacity() * sizeof(uint32_t));
  index_ = std::vector<uint32_t>(slots);
  for (uint32_t i = 0; i < entries.size(); ++i) enter(hash_of(entries[i].key), i);
  return true;
}

size_t Dict::bytes_held() const {
  return entries.capacity() * sizeof(Entry) + index_.capacity() * sizeof(uint32_t);
}

bool Dict::reserve(size_t count) {
  return count <= entries.capacity() || grow(*heap, entries, count);
}

bool Dict::set(Value key, Value value) {
  if (const Value* found = find(key)) {
    *const_cast<Value*>(found) = std::move(value);
    return true;
  }
  if (!make_room(*heap, entries)) return false;
  const size_t count = entries.size() + 1;
  const bool too_full = index_.empty() ? count > dict_linear_max : count * 2 > index_.size();
  if (too_full && !build_index(std::bit_ceil(count * 4))) return false;
  const uint32_t hash = index_.empty() ? 0 : hash_of(key);
  entries.push_back({std::move(key), std::move(value)});
  if (!index_.empty()) enter(hash, static_cast<uint32_t>(entries.size() - 1));
  return true;
}

bool Dict::set(std::string_view key, Value value) {
  Value text = make_text(*heap, key);
  return text.is_text() && set(std::move(text), std::move(value));
}

Value make_text(Heap& heap, std::string_view text) {
  return make_text(heap, text, utf16_units(text));
}

Value make_text(Heap& heap, std::string_view text, size_t units) {
  if (text.size() > text_bytes_max || !heap.take(sizeof(Text) + text.size())) {
    heap.take(std::numeric_limits<size_t>::max());
    return {};
  }
  void* memory = std::malloc(sizeof(Text) + text.size());
  auto* made = new (memory) Text(heap, Kind::text);
  made->size = static_cast<uint32_t>(text.size());
  made->units = static_cast<uint32_t>(units);
  made->hash_ = 0;
  if (!text.empty()) std::memcpy(reinterpret_cast<char*>(made + 1), text.data(), text.size());
  return Value(made);
}

Value make_list(Heap& heap, Kind kind) {
  return make<List>(heap, kind);
}

Value make_dict(Heap& heap) {
  return make<Dict>(heap);
}

Value make_date(Heap& heap, double year, double month, double day) {
  return make<Date>(heap, year, month, day);
}

Value make_moment(Heap& heap, double seconds, std::string_view zone) {
  return make<Moment>(heap, seconds, make_text(heap, zone));
}

Value make_interval(Heap& heap, double count, std::string_view unit) {
  return make<Interval>(heap, count, make_text(heap, unit));
}

Value make_error(Heap& heap, Value type, Value message, Value payload) {
  return make<HogError>(heap, std::move(type), std::move(message), std::move(payload));
}

Value make_callable(Heap& heap, CallableKind origin, Value name) {
  Value made = make<Callable>(heap, origin);
  if (!made.is_null()) made.callable().name = std::move(name);
  return made;
}

Value make_closure(Heap& heap, Value callable) {
  return make<Closure>(heap, std::move(callable));
}

Value make_upvalue(Heap& heap, uint32_t slot) {
  return make<Captured>(heap, slot);
}

}  // namespace mr::hog
