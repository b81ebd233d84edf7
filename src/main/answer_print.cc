#include "main/answer_print.h"

#include <cstdio>

#include "codec/json_text.h"

namespace mr::main {

namespace {

constexpr long status_ok = 200;
constexpr long status_created = 201;

Error refusal_of(const Answer& answer) {
  const auto body = json::Object::parse(answer.body);
  if (body) {
    if (const auto raw = body->find("error")) {
      if (const auto error = json::Object::parse(*raw)) {
        if (const auto message = error->find_text("message")) {
          return Error(ErrorCode::failed, *message);
        }
      }
    }
  }
  return Error(ErrorCode::failed,
               "the server answered " + std::to_string(answer.status) + ": " + answer.body);
}

}  // namespace

Result<Answer> accepted(Result<Answer> answer) {
  const bool refused = answer && answer->status != status_ok && answer->status != status_created;
  if (refused) return fail(refusal_of(*answer));
  return answer;
}

std::string member(const json::Object& object, std::string_view key) {
  const auto raw = object.find(key);
  return raw ? json::to_plain_text(*raw) : std::string();
}

std::string grouped_member(const json::Object& object, std::string_view key) {
  const auto raw = object.find(key);
  const auto number = raw ? json::as_int64(*raw) : std::nullopt;
  return number ? grouped(*number) : "-";
}

std::string bytes_member(const json::Object& object, std::string_view key) {
  const auto raw = object.find(key);
  const auto number = raw ? json::as_int64(*raw) : std::nullopt;
  return number ? readable_bytes(static_cast<unsigned long long>(*number)) : "-";
}

std::vector<json::Object> objects(const json::Object& in, std::string_view key) {
  std::vector<json::Object> found;
  const auto raw = in.find(key);
  if (!raw) return found;
  const auto items = json::split_array(*raw);
  if (!items) return found;
  for (const std::string_view item : *items) {
    if (auto object = json::Object::parse(item)) found.push_back(std::move(*object));
  }
  return found;
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void PrintLines::piece(std::string_view bytes) {
  pending_ += bytes;
  size_t start = 0;
  for (size_t end; (end = pending_.find('\n', start)) != std::string::npos; start = end + 1) {
    if (end > start) show(std::string_view(pending_).substr(start, end - start));
  }
  pending_.erase(0, start);
  std::fflush(stdout);
}

void PrintLines::show(std::string_view line) {
  print(std::string(line) + "\n");
}

}  // namespace mr::main
