#include "codec/json_object.h"

#include <algorithm>
#include <cstring>

#include "codec/json_text.h"
#include "codec/utf8.h"

namespace mr::json {
namespace {

// Up to here comparing key by key is faster than an index.
constexpr size_t linear_members_max = 64;
constexpr size_t chunk_bytes_min = 512;
constexpr size_t members_first = 16;

// A number below 256 from a key's length and some of its characters.
size_t summary_of(std::string_view key) {
  if (key.empty()) return 0;
  uint32_t mixed = static_cast<uint32_t>(key.size());
  mixed = mixed * 31 + static_cast<unsigned char>(key.back());
  mixed = mixed * 31 + static_cast<unsigned char>(key[key.size() / 2]);
  mixed = mixed * 31 + static_cast<unsigned char>(key[key.size() / 4]);
  mixed = mixed * 31 + static_cast<unsigned char>(key[key.size() - 1 - key.size() / 4]);
  return (mixed * 2654435761u) >> 24;
}

}  // namespace

Object& Object::operator=(const Object& other) {
  if (this == &other) return *this;
  Object copy;
  copy.members_.reserve(other.size());
  for (const Member& member : other) {
    copy.members_.push_back({copy.keep(member.key), copy.keep(member.raw)});
  }
  copy.seen_ = other.seen_;
  *this = std::move(copy);
  return *this;
}

void Object::swap(Object& other) noexcept {
  members_.swap(other.members_);
  chunks_.swap(other.chunks_);
  std::swap(chunk_left_, other.chunk_left_);
  std::swap(chunk_next_, other.chunk_next_);
  index_.swap(other.index_);
  seen_.swap(other.seen_);
}

std::string_view Object::keep(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > chunk_left_) {
    const size_t size = std::max(text.size(), chunk_bytes_min);
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(size));
    chunk_next_ = chunks_.back().get();
    chunk_left_ = size;
  }
  char* place = chunk_next_;
  std::memcpy(place, text.data(), text.size());
  chunk_next_ += text.size();
  chunk_left_ -= text.size();
  return {place, text.size()};
}

bool Object::may_contain(std::string_view key) const {
  const size_t summary = summary_of(key);
  return (seen_[summary / 64] >> summary % 64 & 1) != 0;
}

size_t Object::position_of(std::string_view key) const {
  if (!may_contain(key)) return absent;
  if (members_.size() <= linear_members_max) {
    for (size_t i = 0; i < members_.size(); ++i) {
      if (members_[i].key == key) return i;
    }
    return absent;
  }
  if (index_.empty()) {
    for (size_t i = 0; i < members_.size(); ++i) index_.emplace(members_[i].key, i);
  }
  const auto found = index_.find(key);
  return found == index_.end() ? absent : found->second;
}

void Object::put(std::string_view key, std::string_view raw, bool key_is_kept) {
  const size_t position = position_of(key);
  if (position != absent) {
    members_[position].raw = raw;
    return;
  }
  const size_t summary = summary_of(key);
  seen_[summary / 64] |= uint64_t{1} << summary % 64;
  if (members_.empty()) members_.reserve(members_first);
  members_.push_back({key_is_kept ? key : keep(key), raw});
  if (!index_.empty()) index_.emplace(members_.back().key, members_.size() - 1);
}

void Object::read_members(Reader& reader) {
  reader.enter_object();
  std::string_view key;
  while (reader.next_member(key)) {
    // An escaped key lives in the reader only.
    const std::string_view lasting_key = reader.key_was_escaped() ? keep(key) : key;
    put(lasting_key, reader.value(), true);
  }
}

Object Object::read(Reader& reader) {
  Object object;
  object.read_members(reader);
  return object;
}

Result<void> Object::read_text(std::string_view text) {
  if (!codec::is_valid_utf8(text)) return fail(ErrorCode::invalid_input, "not valid UTF-8");
  Reader reader(text);
  read_members(reader);
  if (!reader.at_end()) return fail(reader.error());
  return {};
}

Result<Object> Object::parse_borrowed(std::string_view text) {
  Object object;
  MR_CHECK(object.read_text(text));
  return object;
}

Result<Object> Object::parse(std::string_view text) {
  Object object;
  MR_CHECK(object.read_text(object.keep(text)));
  return object;
}

std::optional<std::string_view> Object::find(std::string_view key) const {
  const size_t position = position_of(key);
  if (position == absent) return std::nullopt;
  return members_[position].raw;
}

std::optional<std::string> Object::find_text(std::string_view key) const {
  const auto raw = find(key);
  return raw ? unquote(*raw) : std::nullopt;
}

void Object::set(std::string_view key, std::string_view raw) {
  put(key, keep(raw), false);
}

void Object::set_text(std::string_view key, std::string_view text) {
  set(key, quote(text));
}

bool Object::erase(std::string_view key) {
  const size_t position = position_of(key);
  if (position == absent) return false;
  members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(position));
  index_.clear();
  return true;
}

void Object::overlay(const Object& other) {
  for (const Member& member : other) set(member.key, member.raw);
}

void Object::append_json(std::string& out) const {
  out += '{';
  append_members(out);
  out += '}';
}

void Object::append_members(std::string& out) const {
  size_t size = 2;
  for (const Member& member : members_) size += member.key.size() + member.raw.size() + 4;
  out.reserve(out.size() + size);
  bool is_first = true;
  for (const Member& member : members_) {
    if (!is_first) out += ',';
    is_first = false;
    append_quoted(out, member.key);
    out += ':';
    out += member.raw;
  }
}

std::string Object::to_json() const {
  std::string out;
  append_json(out);
  return out;
}

}  // namespace mr::json
