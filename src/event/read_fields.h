#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "codec/json_reader.h"

namespace mr::event {

// The members of an item that are kept raw, by name.
template <typename Item, size_t count>
using RawFields = std::array<std::pair<std::string_view, std::string_view Item::*>, count>;

// Reads the value of the member `key`: kept raw if it is one of `fields`, passed over if not.
template <typename Item, size_t count>
void read_field(json::Reader& reader, std::string_view key, Item& item,
                const RawFields<Item, count>& fields) {
  for (const auto& [name, field] : fields) {
    if (key == name) {
      item.*field = reader.value();
      return;
    }
  }
  reader.value();
}

// Reads the next value of `reader`, which goes over `text`: its raw text into Item::raw and, when
// it is an object, its members as read_field() does.
template <typename Item, size_t count>
Item read_fields(json::Reader& reader, std::string_view text,
                 const RawFields<Item, count>& fields) {
  Item item;
  const bool is_object = reader.peek() == json::Kind::object;
  const size_t start = reader.position();
  if (is_object) {
    reader.enter_object();
    std::string_view key;
    while (reader.next_member(key)) read_field(reader, key, item, fields);
  } else {
    reader.value();
  }
  item.raw = text.substr(start, reader.position() - start);
  return item;
}

}  // namespace mr::event
