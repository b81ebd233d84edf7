#include "main/backup_description.h"

#include <charconv>

#include "codec/byte_writer.h"
#include "codec/crc32c.h"
#include "codec/hex.h"
#include "codec/json_object.h"
#include "codec/json_text.h"

namespace mr::main {

namespace {

constexpr std::string_view checksum_prefix = "crc32c ";

std::string hex(uint32_t number) {
  Bytes bytes;
  codec::put_u32_be(bytes, number);
  return codec::hex_encode(as_text(bytes));
}

std::optional<uint32_t> parse_hex(std::string_view text) {
  uint32_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string joined(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) out += (out.size() > 1 ? ",\n" : "\n") + item;
  return out + "]";
}

int64_t number_of(const json::Object& object, std::string_view key) {
  const auto raw = object.find(key);
  return raw ? json::as_int64(*raw).value_or(-1) : -1;
}

// The members of an array of objects; nothing when it is missing or holds something else.
Result<std::vector<json::Object>> objects_of(const json::Object& in, std::string_view key) {
  const auto raw = in.find(key);
  if (!raw) return fail(ErrorCode::corrupt, std::string(key) + " is missing");
  MR_TRY(const auto items, json::split_array(*raw));
  std::vector<json::Object> objects;
  for (const std::string_view item : items) {
    MR_TRY(auto object, json::Object::parse(item));
    objects.push_back(std::move(object));
  }
  return objects;
}

Result<BackupDescription> read(const json::Object& object) {
  BackupDescription description;
  description.program = object.find_text("millrace").value_or("");
  description.created_at = object.find_text("created_at").value_or("");
  MR_TRY(const auto files, objects_of(object, "files"));
  for (const json::Object& file : files) {
    const auto path = file.find_text("path");
    const auto crc = parse_hex(file.find_text("crc32c").value_or("x"));
    const int64_t bytes = number_of(file, "bytes");
    const bool inside = path && !path->starts_with('/') && path->find("..") == std::string::npos;
    if (!inside || !crc || bytes < 0) return fail(ErrorCode::corrupt, "a file's entry is wrong");
    description.files.push_back({*path, {static_cast<uint64_t>(bytes), *crc}});
  }
  MR_TRY(const auto partitions, objects_of(object, "partitions"));
  for (const json::Object& one : partitions) {
    description.partitions.push_back(
        {{one.find_text("topic").value_or(""), static_cast<int32_t>(number_of(one, "partition"))},
         Offset(number_of(one, "first")),
         Offset(number_of(one, "end"))});
  }
  return description;
}

}  // namespace

uint64_t BackupDescription::bytes() const {
  uint64_t sum = 0;
  for (const BackupFile& file : files) sum += file.sum.bytes;
  return sum;
}

std::string format_backup(const BackupDescription& description) {
  json::Object object;
  object.set("version", std::to_string(backup_version));
  object.set_text("millrace", description.program);
  object.set_text("created_at", description.created_at);
  std::vector<std::string> items;
  for (const BackupPartition& one : description.partitions) {
    json::Object item;
    item.set_text("topic", one.which.topic);
    item.set("partition", std::to_string(one.which.partition));
    item.set("first", std::to_string(one.first.value));
    item.set("end", std::to_string(one.end.value));
    items.push_back(item.to_json());
  }
  object.set("partitions", joined(items));
  items.clear();
  for (const std::string& text : description.damaged) items.push_back(json::quote(text));
  object.set("damaged", joined(items));
  items.clear();
  for (const BackupFile& file : description.files) {
    json::Object item;
    item.set_text("path", file.path);
    item.set("bytes", std::to_string(file.sum.bytes));
    item.set_text("crc32c", hex(file.sum.crc32c));
    items.push_back(item.to_json());
  }
  object.set("files", joined(items));
  const std::string text = object.to_json() + "\n";
  return text + std::string(checksum_prefix) + hex(codec::crc32c(as_bytes(text))) + "\n";
}

Result<BackupDescription> parse_backup(std::string_view text, const std::string& path) {
  const size_t at = text.rfind(checksum_prefix);
  const auto object = json::Object::parse(text.substr(0, at == text.npos ? 0 : at));
  if (object && number_of(*object, "version") > backup_version) {
    return fail(ErrorCode::unsupported, path + " was written by a newer Millrace (backup " +
                                            std::to_string(number_of(*object, "version")) +
                                            "; this program reads up to " +
                                            std::to_string(backup_version) + ")");
  }
  const std::string_view sum = at == text.npos ? "" : text.substr(at + checksum_prefix.size(), 8);
  if (!object || parse_hex(sum) != codec::crc32c(as_bytes(text.substr(0, at)))) {
    return fail(ErrorCode::corrupt, path + " is damaged or incomplete");
  }
  auto description = read(*object);
  if (!description) return fail(description.error().within(path));
  return description;
}

}  // namespace mr::main
