#include "main/text_table.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace mr::main {

namespace {

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || c == ',' || c == '.' || c == '-';
  });
}

// Columns that a terminal shows: UTF-8 continuation bytes take none.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

void TextTable::add_unreadable(std::string name) {
  std::vector<std::string> cells(names_.size(), "-");
  cells.front() = std::move(name);
  cells.back() = "cannot be read: see below";
  add(std::move(cells));
}

std::string TextTable::render() const {
  std::vector<size_t> widths;
  std::vector<bool> numeric(names_.size(), !rows_.empty());
  for (const std::string& name : names_) widths.push_back(width_of(name));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i]));
      numeric[i] = numeric[i] && is_number(row[i]);
    }
  }
  std::string text;
  const auto add_row = [&](const std::vector<std::string>& row) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width_of(row[i]), ' ');
      if (i > 0) line += "  ";
      line += numeric[i] ? padding + row[i] : row[i] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add_row(names_);
  for (const auto& row : rows_) add_row(row);
  return text;
}

std::string grouped(long long number) {
  std::string digits = std::to_string(number);
  const size_t first = digits.front() == '-' ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string readable_bytes(unsigned long long bytes) {
  constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB"};
  double amount = static_cast<double>(bytes);
  size_t unit = 0;
  while (amount >= 1024 && unit + 1 < units.size()) {
    amount /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", amount, units[unit]);
  return text;
}

}  // namespace mr::main
