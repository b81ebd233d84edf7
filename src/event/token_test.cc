#include "event/token.h"

#include <gtest/gtest.h>

#include <string>

namespace mr::event {
namespace {

TEST(Token, IsTrimmedBeforeItIsUsed) {
  const TokenVerdict verdict = check_token(" phc_abc\n");
  EXPECT_EQ(verdict.problem, TokenProblem::none);
  EXPECT_EQ(verdict.token, "phc_abc");
}

TEST(Token, EveryWrongShapeHasItsReason) {
  EXPECT_EQ(check_token(" \n").problem, TokenProblem::empty);
  EXPECT_EQ(check_token(std::string(64, 'a')).problem, TokenProblem::none);
  EXPECT_EQ(check_token(std::string(65, 'a')).problem, TokenProblem::too_long);
  EXPECT_EQ(check_token("zo\xc3\xab").problem, TokenProblem::not_ascii);
  EXPECT_EQ(check_token("phx_secret").problem, TokenProblem::personal_api_key);
  EXPECT_EQ(check_token(std::string_view("a\0b", 3)).problem, TokenProblem::null_byte);
  EXPECT_EQ(to_string(TokenProblem::personal_api_key), "personal_api_key");
}

}  // namespace
}  // namespace mr::event
