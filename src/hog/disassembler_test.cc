#include "hog/disassembler.h"

#include <gtest/gtest.h>

#include "hog/compiler.h"

namespace mr::hog {
namespace {

std::string listing(std::string_view source) {
  const auto compiled = compile(source, SourceForm::program);
  return compiled ? disassemble(compiled->program) : compiled.error().message;
}

TEST(Disassembler, ShowsOperandsAndWhereJumpsLead) {
  EXPECT_EQ(listing("while (a) print('x')"),
            "\"_H\" 1\n"
            "0002  STRING                 \"a\"\n"
            "0004  GET_GLOBAL             1\n"
            "0006  JUMP_IF_FALSE          8 → 0016\n"
            "0008  STRING                 \"x\"\n"
            "0010  CALL_GLOBAL            \"print\" 1\n"
            "0013  POP\n"
            "0014  JUMP                   -14 → 0002\n");
}

TEST(Disassembler, IndentsBodiesAndNamesWhatIsCaptured) {
  EXPECT_EQ(listing("let n := 1; let f := () -> n"),
            "\"_H\" 1\n"
            "0002  INTEGER                1\n"
            "0004  CALLABLE               \"lambda\" 0 1 3\n"
            "0009    GET_UPVALUE            0\n"
            "0011    RETURN\n"
            "0012  CLOSURE                1 local 0\n"
            "0016  POP\n"
            "0017  CLOSE_UPVALUE\n");
}

TEST(Disassembler, TakesAnyCells) {
  const Program program{{"_H", 1, 99, "text", Cell(), Opcode::jump, 500, Opcode::callable, "f", 0,
                         0, int64_t{1} << 60, Opcode::closure, 3, true, 0, 7, Opcode::jump}};
  EXPECT_EQ(disassemble(program),
            "\"_H\" 1\n"
            "0002  ? 99\n"
            "0003  ? \"text\"\n"
            "0004  ? null\n"
            "0005  JUMP                   500 (leads nowhere)\n"
            "0007  CALLABLE               \"f\" 0 0 1152921504606846976\n"
            "0012  CLOSURE                3 local 0 7 39\n");
  EXPECT_EQ(disassemble({{"_H", 1, Opcode::call_global, "f"}}),
            "\"_H\" 1\n0002  CALL_GLOBAL            \"f\" (missing)\n");
  EXPECT_EQ(disassemble({}), "\n");
}

}  // namespace
}  // namespace mr::hog
