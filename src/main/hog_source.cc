#include "main/hog_source.h"

#include <cerrno>
#include <fstream>
#include <iostream>
#include <iterator>

#include "codec/json_object.h"

namespace mr::main {

hog::SourceForm form_of(const HogRequest& request) {
  if (request.form == "expression") return hog::SourceForm::expression;
  if (request.form == "filter") return hog::SourceForm::filter;
  return request.form == "template" ? hog::SourceForm::full_template : hog::SourceForm::program;
}

Result<std::string> read_source(const std::string& path) {
  if (path == "-") return std::string{std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(error_from_errno(errno, "read", path));
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

void print(std::FILE* to, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), to);
}

std::string json_of(std::string_view source, const std::string& kind, const std::string& message,
                    hog::Span span, const std::string& hint) {
  const hog::SourcePlace place = hog::place_of(source, span);
  json::Object object;
  object.set_text("kind", kind);
  object.set_text("message", message);
  object.set("line", std::to_string(place.line));
  object.set("column", std::to_string(place.column));
  if (!hint.empty()) object.set_text("hint", hint);
  return object.to_json();
}

std::string json_of(std::string_view source, const hog::CompileError& error) {
  return json_of(source, std::string(to_string(error.kind)), error.message, error.span, error.hint);
}

int report_compile_error(const Command& command, std::string_view source, const std::string& path,
                         const hog::CompileError& error) {
  if (command.json) {
    print(stdout, "{\"compile_error\":" + json_of(source, error) + "}\n");
  } else {
    print(stderr, hog::render(source, path, error));
  }
  return compile_error_exit_code;
}

}  // namespace mr::main
