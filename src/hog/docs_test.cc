#include <gtest/gtest.h>

#include <fstream>

#include "hog/compiler.h"
#include "hog/formatter.h"

// Every example of docs/hog.md compiles without a warning and is laid out as `hog fmt` does it.
namespace mr::hog {
namespace {

struct Example {
  std::string kind;  // the word behind the fence
  std::string source;
};

std::vector<Example> read_examples() {
  std::ifstream file(MR_SOURCE_DIR "/docs/hog.md");
  std::vector<Example> examples;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) examples.push_back({line.substr(3), ""});
    } else if (inside) {
      examples.back().source += line + "\n";
    }
  }
  return examples;
}

TEST(Documentation, EveryExampleCompiles) {
  size_t count = 0;
  for (const Example& example : read_examples()) {
    if (!example.kind.starts_with("hog")) continue;
    ++count;
    const SourceForm form = example.kind == "hog-filter"     ? SourceForm::filter
                            : example.kind == "hog-template" ? SourceForm::full_template
                                                             : SourceForm::program;
    const auto compiled = compile(example.source, form);
    ASSERT_TRUE(compiled) << render(example.source, "docs/hog.md", compiled.error());
    for (const CompileWarning& warning : compiled->warnings) ADD_FAILURE() << warning.message;
    EXPECT_EQ(format(example.source, form).value_or(""), example.source);
  }
  EXPECT_GE(count, 8U);
}

}  // namespace
}  // namespace mr::hog
