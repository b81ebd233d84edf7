#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hog/program.h"
#include "hog/value.h"

namespace mr::hog {

// A program made ready to run: each cell in the forms in which the machine may ask for it, since
// only the flow of a run shows whether a cell is an instruction or an operand. Hostile programs are
// as welcome as others; the machine checks what it reads. Made once, run often; belongs to one
// thread, and values made by its runs may not outlive it.
class Code {
 public:
  struct Cell {
    Value constant;
    int32_t integer = integer_none;
    uint8_t opcode = 0;  // 0: none
  };
  // Operands beyond 32 bits are of no use to any instruction.
  static constexpr int32_t integer_none = INT32_MIN;

  explicit Code(Program program);

  const Cell* cells() const { return cells_.data(); }
  uint32_t size() const { return static_cast<uint32_t>(cells_.size()); }
  uint32_t first() const { return first_; }
  // In version 0 the arguments of calls were pushed last to first.
  bool arguments_reversed() const { return arguments_reversed_; }
  const Program& program() const { return program_; }

 private:
  Program program_;
  std::unique_ptr<Heap> heap_;  // of the constants, which it outlives
  std::vector<Cell> cells_;
  uint32_t first_;
  bool arguments_reversed_;
};

}  // namespace mr::hog
