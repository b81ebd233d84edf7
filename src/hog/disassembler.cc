#include "hog/disassembler.h"

#include <vector>

#include "codec/json_text.h"

namespace mr::hog {
namespace {

constexpr size_t place_width = 4;
constexpr size_t name_width = 23;  // of the longest, and a blank
// Bodies nested more deeply are not indented further.
constexpr size_t indented_levels_max = 20;

std::string place_text(size_t place) {
  std::string digits = std::to_string(place);
  if (digits.size() < place_width) digits.insert(0, place_width - digits.size(), '0');
  return digits;
}

// One cell as JSON writes it.
std::string cell_text(const Cell& cell) {
  const std::string json = write_program({{cell}});
  return json.substr(1, json.size() - 2);
}

class Disassembler {
 public:
  explicit Disassembler(const std::vector<Cell>& cells) : cells_(cells) {}

  std::string run(size_t from) {
    for (size_t i = 0; i < from; ++i) out_ += (i == 0 ? "" : " ") + cell_text(cells_[i]);
    out_ += "\n";
    for (at_ = from; at_ < cells_.size();) {
      while (!body_ends_.empty() && at_ >= body_ends_.back()) body_ends_.pop_back();
      instruction();
    }
    return std::move(out_);
  }

 private:
  void instruction() {
    const size_t levels = std::min(body_ends_.size(), indented_levels_max);
    out_ += place_text(at_) + "  " + std::string(2 * levels, ' ');
    const int64_t* number = cells_[at_].integer();
    const auto opcode = number == nullptr ? std::nullopt : opcode_of(*number);
    if (!opcode) {
      out_ += "? " + cell_text(cells_[at_++]) + "\n";
      return;
    }
    ++at_;
    std::string name(info_of(*opcode).name);
    if (info_of(*opcode).operands > 0) name.resize(name_width, ' ');
    out_ += name;
    operands(*opcode);
    out_ += "\n";
  }

  void operands(Opcode opcode) {
    const size_t first = at_;
    const auto count = static_cast<size_t>(info_of(opcode).operands);
    for (size_t i = 0; i < count; ++i) operand(i == 0 ? "" : " ");
    const int64_t* distance =
        at_ > first && at_ <= cells_.size() ? cells_[at_ - 1].integer() : nullptr;
    if (distance == nullptr || at_ != first + count) return;
    switch (opcode) {
      case Opcode::jump:
      case Opcode::jump_if_false:
      case Opcode::jump_if_not_null:
        target(static_cast<int64_t>(at_), *distance);
        break;
      case Opcode::push_try:
        target(static_cast<int64_t>(at_) - 1, *distance);
        break;
      case Opcode::callable:
      case Opcode::declare_function:
        if (*distance > 0 && static_cast<size_t>(*distance) <= cells_.size() - at_) {
          body_ends_.push_back(at_ + static_cast<size_t>(*distance));
        }
        break;
      case Opcode::closure:
        captured(*distance);
        break;
      default:
        break;
    }
  }

  void operand(std::string_view before) {
    if (at_ < cells_.size()) {
      out_ += std::string(before) + cell_text(cells_[at_++]);
    } else {
      out_ += std::string(before) + "(missing)";
    }
  }

  void target(int64_t from, int64_t distance) {
    const int64_t size = static_cast<int64_t>(cells_.size());
    const bool inside = distance >= -from && distance <= size - from;
    out_ += inside ? " → " + place_text(static_cast<size_t>(from + distance)) : " (leads nowhere)";
  }

  // The pairs behind CLOSURE.
  void captured(int64_t count) {
    for (int64_t i = 0; i < count && at_ + 1 < cells_.size(); ++i) {
      const bool* local = cells_[at_].boolean();
      out_ += local == nullptr ? " " + cell_text(cells_[at_]) : *local ? " local" : " upvalue";
      ++at_;
      operand(" ");
    }
  }

  const std::vector<Cell>& cells_;
  size_t at_ = 0;
  std::vector<size_t> body_ends_;
  std::string out_;
};

}  // namespace

std::string disassemble(const Program& program) {
  return Disassembler(program.cells).run(first_instruction(program));
}

}  // namespace mr::hog
