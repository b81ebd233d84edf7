#include "hog/code.h"

#include <limits>

#include "codec/utf8.h"

namespace mr::hog {
namespace {

Code::Cell ready(Heap& heap, const Cell& cell) {
  Code::Cell made;
  if (const bool* boolean = cell.boolean()) {
    made.constant = Value(*boolean);
    made.integer = *boolean ? 1 : 0;
  } else if (const int64_t* integer = cell.integer()) {
    made.constant = Value(static_cast<double>(*integer));
    if (*integer > std::numeric_limits<int32_t>::min() &&
        *integer <= std::numeric_limits<int32_t>::max()) {
      made.integer = static_cast<int32_t>(*integer);
    }
    if (const auto opcode = opcode_of(*integer)) made.opcode = static_cast<uint8_t>(*opcode);
  } else if (const double* number = cell.floating()) {
    made.constant = Value(*number);
  } else if (const std::string* text = cell.text()) {
    made.constant =
        make_text(heap, codec::is_valid_utf8(*text) ? *text : codec::with_valid_utf8(*text));
  }
  return made;
}

}  // namespace

Code::Code(Program program)
    : program_(std::move(program)),
      heap_(std::make_unique<Heap>(std::numeric_limits<size_t>::max() / 2)),
      first_(static_cast<uint32_t>(first_instruction(program_))),
      arguments_reversed_(first_ == 1) {
  cells_.reserve(program_.cells.size());
  for (const hog::Cell& cell : program_.cells) cells_.push_back(ready(*heap_, cell));
}

}  // namespace mr::hog
