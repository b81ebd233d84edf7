#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "codec/json_object.h"
#include "main/server_client.h"

// What the commands that talk to a server share: they read its answers and print them.
namespace mr::main {

inline constexpr long status_ok = 200;
inline constexpr long status_created = 201;

// What a refusal of the control API says: {"error":{"code":…,"message":…}}.
Error refusal_of(const Answer& answer);

// A member as plain text; empty when it is missing.
std::string member(const json::Object& object, std::string_view key);
// A number for people: "1,234,567", or "12.3 MiB"; "-" when there is none.
std::string grouped_member(const json::Object& object, std::string_view key);
std::string bytes_member(const json::Object& object, std::string_view key);
// The objects of an array member; none when it is missing or something else.
std::vector<json::Object> objects(const json::Object& in, std::string_view key);

// On standard output.
void print(std::string_view text);

// Prints the lines of a streamed answer as they come. Blank ones only say that the server is still
// there.
class PrintLines : public AnswerSink {
 public:
  void piece(std::string_view bytes) override;

 protected:
  virtual void show(std::string_view line);

 private:
  std::string pending_;
};

}  // namespace mr::main
