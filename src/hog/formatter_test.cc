#include "hog/formatter.h"

#include <gtest/gtest.h>

namespace mr::hog {
namespace {

std::string formatted(std::string_view source, SourceForm form = SourceForm::program) {
  const auto result = format(source, form);
  return result ? *result : result.error().message;
}

TEST(Formatter, LaysStatementsOut) {
  EXPECT_EQ(formatted("LET a:=1;let b:=(a+2)*3;IF(a=b){print( a ,b )}else{return}"),
            "let a := 1\n"
            "let b := (a + 2) * 3\n"
            "if (a = b) {\n"
            "  print(a, b)\n"
            "} else {\n"
            "  return\n"
            "}\n");
}

TEST(Formatter, KeepsCommentsAndSingleBlankLines) {
  EXPECT_EQ(formatted("// first\nlet a := 1 // behind\n\n\n\n/* above\n   b */ let b := 2\n"
                      "fn f() { -- begins\n return 1\n // ends\n}\nlet c := [1, // inside\n 2]\n"
                      "// last"),
            "// first\n"
            "let a := 1  // behind\n"
            "\n"
            "/* above\n   b */\n"
            "let b := 2\n"
            "fn f() {\n"
            "  -- begins\n"
            "  return 1\n"
            "  // ends\n"
            "}\n"
            "// inside\n"
            "let c := [1, 2]\n"
            "// last\n");
  EXPECT_EQ(formatted("{ /* nothing */ }"), "{\n  /* nothing */\n}\n");
  EXPECT_EQ(formatted("// only"), "// only\n");
  EXPECT_EQ(formatted(""), "");
}

TEST(Formatter, WritesSemicolonsWhereTheyAreNeeded) {
  EXPECT_EQ(formatted("a;(b);[c];-d;return;e"), "a\nb;\n[c];\n-d\nreturn;\ne\n");
}

TEST(Formatter, BreaksWhatIsTooLong) {
  const std::string long_name(40, 'x');
  EXPECT_EQ(formatted("f(" + long_name + ", " + long_name + ", {'a': " + long_name + "})"),
            "f(\n  " + long_name + ",\n  " + long_name + ",\n  {'a': " + long_name + "}\n)\n");
  EXPECT_EQ(formatted("return " + long_name + " and " + long_name + " and " + long_name),
            "return " + long_name + "\n  and " + long_name + "\n  and " + long_name + "\n");
}

TEST(Formatter, KeepsLiteralsAsTheyAreWritten) {
  const std::string source = "print(0xFF, 1.50, 1e3, 'it''s', 'a\\x41', f'{a}\\n')\n";
  EXPECT_EQ(formatted(source), source);
  const std::string huge = "a." + std::string(40, '2') + "\n";
  EXPECT_EQ(formatted(huge), huge);
  EXPECT_EQ(formatted("NULL = TRUE", SourceForm::expression), "null = true\n");
}

TEST(Formatter, LeavesTheTextOfTemplatesAlone) {
  EXPECT_EQ(formatted("it's \\q { a+b }  {f(1,2)}\n", SourceForm::full_template),
            "it's \\q {a + b}  {f(1, 2)}\n");
}

TEST(Formatter, PutsParenthesesOnlyWhereTheyMatter) {
  const auto expression = [](std::string_view source) {
    return formatted(source, SourceForm::expression);
  };
  EXPECT_EQ(expression("((a)) + ((b) * (c))"), "a + b * c\n");
  EXPECT_EQ(expression("(a - b) - (c - d)"), "a - b - (c - d)\n");
  EXPECT_EQ(expression("(a or b) and not (c ?? d)"), "(a or b) and not (c ?? d)\n");
  EXPECT_EQ(expression("(x -> x)(1)"), "(x -> x)(1)\n");
  EXPECT_EQ(expression("-(-5)"), "- -5\n");
  EXPECT_EQ(expression("-(5)"), "-(5)\n");
  EXPECT_EQ(expression("(a).b"), "(a).b\n");
  EXPECT_EQ(expression("[a, (b) -> c]"), "[a, (b) -> c]\n");
}

TEST(Formatter, RefusesWhatIsNoSource) {
  EXPECT_FALSE(format("let", SourceForm::program));
}

}  // namespace
}  // namespace mr::hog
