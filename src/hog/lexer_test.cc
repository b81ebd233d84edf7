#include "hog/lexer.h"

#include <gtest/gtest.h>

#include "hog/literal.h"

namespace mr::hog {
namespace {

// The kinds of the tokens, each with its text.
std::string tokens(std::string_view source, SourceForm form = SourceForm::program) {
  const auto list = lex(source, form);
  if (!list) return list.error().message;
  std::string out;
  for (const Token& token : list->tokens) {
    if (token.kind == TokenKind::end) break;
    out +=
        "[" + std::string(source.substr(token.span.begin, token.span.end - token.span.begin)) + "]";
  }
  return out;
}

TEST(Lexer, CutsAtTheLongestMatch) {
  EXPECT_EQ(tokens("a=~*b!~c<>d??e?.f:=g::h->i"),
            "[a][=~*][b][!~][c][<>][d][??][e][?.][f][:=][g][::][h][->][i]");
  EXPECT_EQ(tokens("1.5.2 a.1.5 .5 a.5 1..b"),
            "[1.5][.][2][a][.][1][.][5][.][5][a][.][5][1][.][.][b]");
  EXPECT_EQ(tokens("0x1F.8p1 0x1F.a 1e5 1e 0b11 007"),
            "[0x1F.8p1][0x1F][.][a][1e5][1][e][0b11][007]");
}

TEST(Lexer, SkipsEveryKindOfBlankAndComment) {
  EXPECT_EQ(tokens("\xEF\xBB\xBF"
                   "a\xC2\xA0"
                   "b\xE3\x80\x80"
                   "c\xE2\x80\x89"
                   "d//x\n--y\r/* z\n */e"),
            "[a][b][c][d][e]");
  const auto list = lex("a // x\n/* y */ b", SourceForm::program);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->comments.size(), 2U);
}

TEST(Lexer, NestsCodeInTemplatesAndTags) {
  EXPECT_EQ(tokens("f'a{f'{b}'}c' }"), "[f'][a][{][f'][{][b][}]['][}][c]['][}]");
  EXPECT_EQ(tokens("{x} 'y' \\{", SourceForm::full_template), "[{][x][}][ 'y' \\{]");
  EXPECT_EQ(tokens("<a b='c' d={ {} }>e{f}<g/></a>"),
            "[<a][b][=]['c'][d][=][{][{][}][}][>][e][{][f][}][<g][/>][</a>]");
}

TEST(Lexer, TellsTagsFromComparisons) {
  EXPECT_EQ(tokens("a <b and c> d"), "[a][<][b][and][c][>][d]");
  EXPECT_EQ(tokens("return <b/>"), "[return][<b][/>]");
  EXPECT_EQ(tokens("a\n<b/>"), "[a][<b][/>]");
  EXPECT_EQ(tokens("a\n<b"), "[a][<][b]");
}

TEST(Literal, ReadsWhatItWrites) {
  for (const std::string text : {"", "it's", "a\nb\t\\", "{x} `y` \"z\"", "日本\x01"}) {
    EXPECT_EQ(read_quoted(write_string(text)), text);
    EXPECT_EQ(read_template_text(write_template_text(text)), text);
    EXPECT_EQ(read_full_template_text(write_full_template_text(text)), text);
  }
  EXPECT_EQ(write_name("plain_1"), "plain_1");
  EXPECT_EQ(write_name("let"), "`let`");
  EXPECT_EQ(read_quoted(write_name("a `b` c")), "a `b` c");
}

TEST(Literal, ReadsNumbersAsTheReferenceDoes) {
  EXPECT_EQ(read_number("010"), Cell(10));
  EXPECT_EQ(read_number("0x1F"), Cell(31));
  EXPECT_EQ(read_number("0b101"), Cell(5));
  EXPECT_EQ(read_number("1."), Cell(1.0));
  EXPECT_EQ(read_number(".5"), Cell(0.5));
  EXPECT_EQ(read_number("0x1p4"), Cell(16.0));
  EXPECT_EQ(read_number("1e400"), Cell(std::numeric_limits<double>::infinity()));
  EXPECT_EQ(read_number("1e-400"), Cell(0.0));
  EXPECT_EQ(read_number("9223372036854775808"), Cell(9223372036854775808.0));
  EXPECT_EQ(negated("9223372036854775808"), Cell(std::numeric_limits<int64_t>::min()));
  EXPECT_EQ(read_number("0xFFFFFFFFFFFFFFFFFF"), Cell(4722366482869645213695.0));
}

}  // namespace
}  // namespace mr::hog
