#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "hog/compiler.h"
#include "hog/formatter.h"

// Runs the cases of tests/golden/hog; tests/golden/README.md describes their lines.
namespace mr::hog {
namespace {

struct GoldenCase {
  std::string file;
  std::string name;
  SourceForm form = SourceForm::program;
  std::string source;
  std::string bytecode;
  std::string error;
  std::string place;
  std::string hint;
  std::vector<std::string> warnings;
};

SourceForm form_of(std::string_view word) {
  if (word == "expression") return SourceForm::expression;
  if (word == "template") return SourceForm::full_template;
  EXPECT_EQ(word, "program");
  return SourceForm::program;
}

void add_line(GoldenCase& test, std::string_view key, std::string_view value) {
  if (key == "form")
    test.form = form_of(value);
  else if (key == "source")
    test.source += (test.source.empty() ? "" : "\n") + std::string(value);
  else if (key == "bytecode")
    test.bytecode = value;
  else if (key == "error")
    test.error = value;
  else if (key == "at")
    test.place = value;
  else if (key == "hint")
    test.hint = value;
  else if (key == "warning")
    test.warnings.emplace_back(value);
  else
    ADD_FAILURE() << test.file << ": unknown key " << key;
}

std::vector<GoldenCase> read_cases(const std::filesystem::path& path) {
  std::vector<GoldenCase> cases;
  GoldenCase common;
  common.file = path.filename();
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    const size_t colon = line.find(':');
    const std::string key = line.substr(0, colon);
    const std::string value = line.size() > colon + 2 ? line.substr(colon + 2) : "";
    if (key == "case") {
      cases.push_back(common);
      cases.back().name = value;
    } else {
      add_line(cases.empty() ? common : cases.back(), key, value);
    }
  }
  return cases;
}

void check(const GoldenCase& test) {
  SCOPED_TRACE(test.file + ": " + test.name);
  const auto compiled = compile(test.source, test.form);
  if (!test.error.empty()) {
    ASSERT_FALSE(compiled) << write_program(compiled->program);
    const SourcePlace place = place_of(test.source, compiled.error().span);
    EXPECT_EQ(compiled.error().message, test.error);
    EXPECT_EQ(std::to_string(place.line) + ":" + std::to_string(place.column), test.place);
    EXPECT_EQ(compiled.error().hint, test.hint);
    return;
  }
  ASSERT_TRUE(compiled) << render(test.source, "source", compiled.error());
  if (!test.bytecode.empty()) {
    EXPECT_EQ(write_program(compiled->program), test.bytecode);
  }
  std::vector<std::string> warnings;
  for (const CompileWarning& warning : compiled->warnings) warnings.push_back(warning.message);
  if (!test.warnings.empty()) {
    EXPECT_EQ(warnings, test.warnings);
  }
}

void check_formatting(const GoldenCase& test) {
  if (!test.error.empty()) return;
  SCOPED_TRACE(test.file + ": " + test.name);
  const auto formatted = format(test.source, test.form);
  ASSERT_TRUE(formatted);
  const auto compiled = compile(test.source, test.form);
  const auto again = compile(*formatted, test.form);
  ASSERT_TRUE(compiled);
  ASSERT_TRUE(again) << render(*formatted, "formatted", again.error());
  EXPECT_EQ(write_program(again->program), write_program(compiled->program)) << *formatted;
  EXPECT_EQ(format(*formatted, test.form).value_or(""), *formatted);
}

TEST(CompileGolden, EverySourceGivesItsBytecodeOrItsError) {
  size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(MR_SOURCE_DIR "/tests/golden/hog")) {
    for (const GoldenCase& test : read_cases(file.path())) {
      check(test);
      check_formatting(test);
      ++count;
    }
  }
  EXPECT_GT(count, 400U);
}

}  // namespace
}  // namespace mr::hog
