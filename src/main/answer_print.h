#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "codec/json_object.h"
#include "main/command_line.h"
#include "main/commands.h"
#include "main/server_client.h"
#include "main/text_table.h"

// What the commands that talk to a server share: they read its answers and print them.
namespace mr::main {

// The answer of a server that did what it was asked to; of any other what its refusal says
// ({"error":{"code":…,"message":…}}).
Result<Answer> accepted(Result<Answer> answer);

// A member as plain text; empty when it is missing.
std::string member(const json::Object& object, std::string_view key);
// A number for people: "1,234,567", or "12.3 MiB"; "-" when there is none.
std::string grouped_member(const json::Object& object, std::string_view key);
std::string bytes_member(const json::Object& object, std::string_view key);
// The objects of an array member; none when it is missing or something else.
std::vector<json::Object> objects(const json::Object& in, std::string_view key);

// On standard output.
void print(std::string_view text);

// Prints what a command was answered: as it came with --json, else by `show`; or reports what went
// wrong. Yields the exit code.
template <typename Show>
int print_answer(const Command& command, Result<Answer> answer, const Show& show) {
  answer = accepted(std::move(answer));
  if (!answer) return report(answer.error());
  const auto body = json::Object::parse(answer->body);
  if (command.json || !body) {
    print(answer->body + "\n");
  } else {
    show(*body);
  }
  return 0;
}

// The same for the objects of the member `key`, as a table with these names; `row` makes the cells
// of one of them.
template <typename Row>
int print_list(const Command& command, Result<Answer> answer, std::string_view key,
               std::vector<std::string> names, const Row& row) {
  return print_answer(command, std::move(answer), [&](const json::Object& list) {
    TextTable table(std::move(names));
    for (const json::Object& object : objects(list, key)) table.add(row(object));
    print(table.render());
  });
}

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
