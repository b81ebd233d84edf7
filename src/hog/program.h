#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "hog/opcode.h"

namespace mr::hog {

// One place of the bytecode: an instruction's number, or an operand. Only the position tells which;
// instructions are int64. JSON numbers without fraction and exponent that fit are int64, all others
// double.
class Cell {
 public:
  Cell() = default;  // null
  Cell(bool value) : value_(value) {}
  Cell(int64_t value) : value_(value) {}
  Cell(int value) : value_(static_cast<int64_t>(value)) {}
  Cell(double value) : value_(value) {}
  Cell(std::string value) : value_(std::move(value)) {}
  Cell(const char* value) : value_(std::string(value)) {}
  Cell(Opcode opcode) : value_(static_cast<int64_t>(opcode)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  // Each gives nullptr when the cell holds something else.
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const int64_t* integer() const { return std::get_if<int64_t>(&value_); }
  const double* floating() const { return std::get_if<double>(&value_); }
  const std::string* text() const { return std::get_if<std::string>(&value_); }

  bool operator==(const Cell&) const = default;

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string> value_;
};

// Bytecode as it is stored and sent: the only thing that the front of the language (source to
// bytecode) and the machine share. Cell 0 is the marker "_H" (or "_h" for version 0, which has no
// version cell), cell 1 the version; the instructions follow.
struct Program {
  std::vector<Cell> cells;

  bool operator==(const Program&) const = default;
};

inline constexpr std::string_view program_marker = "_H";
inline constexpr std::string_view program_marker_version_0 = "_h";
inline constexpr int64_t program_version = 1;

// How many cells a program may have when it is read.
inline constexpr size_t program_cells_max = 4'000'000;

// Reads a JSON array of scalars. Whether the cells make sense as instructions is not judged here:
// the machine does that. Errors: invalid_input, also when the array does not begin with a marker;
// too_large.
Result<Program> read_program(std::string_view json);

// The program as a compact JSON array. A double keeps its type ("1.0"); an infinite one is written
// as 1e999, which every JSON reader turns back into infinity. NaN has no JSON form and becomes
// null; the compiler never makes one.
std::string write_program(const Program& program);

// Where the instructions begin: behind the marker and the version.
size_t first_instruction(const Program& program);

}  // namespace mr::hog
