#include "hog/compiler.h"

#include <gtest/gtest.h>

namespace mr::hog {
namespace {

std::string repeated(std::string_view text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

CompileErrorKind error_kind(const std::string& source, SourceForm form = SourceForm::expression) {
  const auto compiled = compile(source, form);
  EXPECT_FALSE(compiled) << source.substr(0, 80);
  return compiled ? CompileErrorKind::syntax : compiled.error().kind;
}

TEST(Compiler, DeepNestingIsRefusedAndNotACrash) {
  for (const char* opening : {"(", "[", "{", "f(", "x -> ", "-", "not ", "f'{", "a ? ", "<a>",
                              "{1:", "() -> {", "a[", "case when "}) {
    EXPECT_NE(error_kind(repeated(opening, 20'000)), CompileErrorKind::semantics) << opening;
  }
  for (const char* opening : {"{", "if (a) ", "while (a) ", "fn f() {", "try {", "{{a:", "else "}) {
    EXPECT_NE(error_kind(repeated(opening, 10'000), SourceForm::program),
              CompileErrorKind::semantics)
        << opening;
  }
  EXPECT_EQ(error_kind(repeated("(", 1000) + "1" + repeated(")", 1000)), CompileErrorKind::limit);
  EXPECT_TRUE(compile(repeated("(", 200) + "1" + repeated(")", 200), SourceForm::expression));
}

TEST(Compiler, LongChainsAreRefusedOrFlat) {
  EXPECT_EQ(error_kind("a" + repeated(" + a", 20'000)), CompileErrorKind::limit);
  EXPECT_EQ(error_kind("a" + repeated(".1", 20'000)), CompileErrorKind::limit);
  EXPECT_EQ(error_kind("a" + repeated("(1)", 20'000)), CompileErrorKind::limit);
  for (const char* joint : {" and a", " or a", " || a", ".b"}) {
    EXPECT_TRUE(compile("a" + repeated(joint, 10'000), SourceForm::expression)) << joint;
  }
}

TEST(Compiler, RepeatedOperandsCannotMakeAHugeProgram) {
  EXPECT_EQ(error_kind("a" + repeated(" between 1 and 2", 40)), CompileErrorKind::limit);
  EXPECT_EQ(
      error_kind(repeated("case ", 40) + "a" + repeated(" when 1 then 2 when 3 then 4 end", 40)),
      CompileErrorKind::limit);
}

TEST(Compiler, LongSourcesAreRefused) {
  EXPECT_EQ(error_kind(std::string(source_characters_max + 1, ' ')), CompileErrorKind::limit);
  std::string umlauts = "'";
  while (umlauts.size() < 2 * (source_characters_max - 2)) umlauts += "ü";
  EXPECT_TRUE(compile(umlauts + "'", SourceForm::expression));
}

TEST(Compiler, SourcesThatAreNoTextAreRefused) {
  EXPECT_EQ(error_kind("'\xff'"), CompileErrorKind::syntax);
  EXPECT_EQ(error_kind(std::string("a\0b", 3)), CompileErrorKind::syntax);
}

TEST(Compiler, ErrorsShowTheLineAndTheNearestName) {
  const std::string source = "let total := 1\n\tif (total) {\n\t  totl := 2 }";
  const auto compiled = compile(source, SourceForm::program);
  ASSERT_FALSE(compiled);
  EXPECT_EQ(render(source, "x.hog", compiled.error()),
            "x.hog:3:4: error: Variable \"totl\" not declared in this scope. Can not assign to "
            "globals.\n"
            "  \t  totl := 2 }\n"
            "  \t  ^~~~\n"
            "  hint: did you mean `total`?\n");
}

TEST(Compiler, ColumnsCountCharacters) {
  const std::string source = "let ok := 'äöü日' + §";
  const auto compiled = compile(source, SourceForm::program);
  ASSERT_FALSE(compiled);
  EXPECT_EQ(place_of(source, compiled.error().span).column, 20U);
}

TEST(Compiler, KnownNamesAreCheckedWhenGiven) {
  const CompileOptions options{{"print", "toString"}, {"event", "person"}};
  const auto compiled = compile("print(evnt.x, person, toStrng(1), print, own(1)); let own := 1",
                                SourceForm::program, options);
  ASSERT_TRUE(compiled);
  ASSERT_EQ(compiled->warnings.size(), 3U);
  EXPECT_EQ(compiled->warnings[0].message, "unknown global `evnt`");
  EXPECT_EQ(compiled->warnings[0].hint, "did you mean `event`?");
  EXPECT_EQ(compiled->warnings[1].hint, "did you mean `toString`?");
  EXPECT_EQ(compiled->warnings[2].message, "unknown function `own`");
}

TEST(Compiler, WarningsAreBounded) {
  const auto compiled = compile(repeated("a = 1;", 1000), SourceForm::program);
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->warnings.size(), warnings_max);
}

}  // namespace
}  // namespace mr::hog
