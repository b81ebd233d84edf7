#pragma once

#include <string>

#include "hog/program.h"

namespace mr::hog {

// The program for people: one instruction a line with its place, its name and its operands; jumps
// show where they lead, function bodies are indented.
//
//   0002  INTEGER        1
//   0004  JUMP_IF_FALSE  +3 → 0009
//
// Takes any program. What is no instruction, and operands that are missing, are shown as what they
// are, and the listing goes on behind them.
std::string disassemble(const Program& program);

}  // namespace mr::hog
