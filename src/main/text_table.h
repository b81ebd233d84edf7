#pragma once

#include <string>
#include <vector>

namespace mr::main {

// Rows of texts as an aligned table with a line of names: for people. Numbers line up right.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> names) : names_(std::move(names)) {}

  // As many cells as names.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // A row about something that cannot be read: only its name is known.
  void add_unreadable(std::string name);
  // One line a row, each ending in a line feed.
  std::string render() const;

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> rows_;
};

// "1234567" as "1,234,567".
std::string grouped(long long number);
// Bytes as "12.3 MiB".
std::string readable_bytes(unsigned long long bytes);

}  // namespace mr::main
