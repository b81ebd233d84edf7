#include "hog/opcode.h"

#include <array>

namespace mr::hog {
namespace {

// In the order of their numbers, from 1.
constexpr std::array<OpcodeInfo, opcode_max> infos = {{
    {"GET_GLOBAL", 1},
    {"CALL_GLOBAL", 2},
    {"AND", 1},
    {"OR", 1},
    {"NOT", 0},
    {"PLUS", 0},
    {"MINUS", 0},
    {"MULTIPLY", 0},
    {"DIVIDE", 0},
    {"MOD", 0},
    {"EQ", 0},
    {"NOT_EQ", 0},
    {"GT", 0},
    {"GT_EQ", 0},
    {"LT", 0},
    {"LT_EQ", 0},
    {"LIKE", 0},
    {"ILIKE", 0},
    {"NOT_LIKE", 0},
    {"NOT_ILIKE", 0},
    {"IN", 0},
    {"NOT_IN", 0},
    {"REGEX", 0},
    {"NOT_REGEX", 0},
    {"IREGEX", 0},
    {"NOT_IREGEX", 0},
    {"IN_COHORT", 0},
    {"NOT_IN_COHORT", 0},
    {"TRUE", 0},
    {"FALSE", 0},
    {"NULL", 0},
    {"STRING", 1},
    {"INTEGER", 1},
    {"FLOAT", 1},
    {"POP", 0},
    {"GET_LOCAL", 1},
    {"SET_LOCAL", 1},
    {"RETURN", 0},
    {"JUMP", 1},
    {"JUMP_IF_FALSE", 1},
    {"DECLARE_FN", 3},
    {"DICT", 1},
    {"ARRAY", 1},
    {"TUPLE", 1},
    {"GET_PROPERTY", 0},
    {"SET_PROPERTY", 0},
    {"JUMP_IF_STACK_NOT_NULL", 1},
    {"GET_PROPERTY_NULLISH", 0},
    {"THROW", 0},
    {"TRY", 1},
    {"POP_TRY", 0},
    {"CALLABLE", 4},
    {"CLOSURE", 1},
    {"CALL_LOCAL", 1},
    {"GET_UPVALUE", 1},
    {"SET_UPVALUE", 1},
    {"CLOSE_UPVALUE", 0},
}};

}  // namespace

std::optional<Opcode> opcode_of(int64_t number) {
  if (number < 1 || number > opcode_max) return std::nullopt;
  return static_cast<Opcode>(number);
}

const OpcodeInfo& info_of(Opcode opcode) {
  return infos[static_cast<size_t>(opcode) - 1];
}

}  // namespace mr::hog
