#include "hog/program.h"

#include <gtest/gtest.h>

#include <limits>

namespace mr::hog {
namespace {

TEST(Program, JsonKeepsEveryKindOfCell) {
  const std::string json = R"(["_H",1,33,-5,34,1.5,34,1.0,32,"a\"ü",29,true,false,null])";
  const auto program = read_program(json);
  ASSERT_TRUE(program) << program.error().message();
  EXPECT_EQ(program->cells[3], Cell(-5));
  EXPECT_EQ(program->cells[7], Cell(1.0));
  EXPECT_NE(program->cells[7], Cell(1));
  EXPECT_EQ(*program->cells[9].text(), "a\"ü");
  EXPECT_TRUE(program->cells[13].is_null());
  EXPECT_EQ(write_program(*program), json);
  EXPECT_EQ(first_instruction(*program), 2U);
}

TEST(Program, BigAndInfiniteNumbersSurvive) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Program program{{"_H", 1, Opcode::floating, infinity, Opcode::floating, -infinity,
                         Opcode::integer, 1e20, Opcode::integer, int64_t{1} << 62}};
  const auto again = read_program(write_program(program));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, program);
}

TEST(Program, RefusesWhatIsNoBytecode) {
  for (const char* json : {"", "{}", "[]", "[1]", R"(["_X",1])", R"(["_H",1,[]])", R"(["_H",1,)",
                           R"(["_H",1] 2)", "[\"_H\",\"\xff\"]"}) {
    const auto program = read_program(json);
    ASSERT_FALSE(program) << json;
    EXPECT_EQ(program.error().code(), ErrorCode::invalid_input) << json;
  }
}

TEST(Program, VersionZeroHasNoVersionCell) {
  const auto program = read_program(R"(["_h",33,1])");
  ASSERT_TRUE(program);
  EXPECT_EQ(first_instruction(*program), 1U);
}

TEST(Opcode, NumbersAndNamesBelongTogether) {
  EXPECT_EQ(info_of(Opcode::get_global).name, "GET_GLOBAL");
  EXPECT_EQ(info_of(Opcode::close_upvalue).name, "CLOSE_UPVALUE");
  EXPECT_EQ(info_of(Opcode::integer).name, "INTEGER");
  EXPECT_EQ(info_of(Opcode::callable).operands, 4);
  EXPECT_EQ(opcode_of(33), Opcode::integer);
  for (const int64_t number : {int64_t{-1}, int64_t{0}, int64_t{58}, int64_t{1} << 40}) {
    EXPECT_FALSE(opcode_of(number)) << number;
  }
}

}  // namespace
}  // namespace mr::hog
