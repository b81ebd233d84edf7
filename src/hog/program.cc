#include "hog/program.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "codec/json_reader.h"
#include "codec/json_text.h"
#include "codec/utf8.h"

namespace mr::hog {
namespace {

Cell number_cell(std::string_view raw) {
  if (const auto integer = json::as_int64(raw)) return *integer;
  return json::as_double(raw).value_or(std::numeric_limits<double>::quiet_NaN());
}

Result<Cell> read_cell(std::string_view raw) {
  switch (json::kind_of(raw)) {
    case json::Kind::null:
      return Cell();
    case json::Kind::boolean:
      return Cell(json::is_true(raw));
    case json::Kind::number:
      return number_cell(raw);
    case json::Kind::string:
      return Cell(json::unquote(raw).value_or(""));
    default:
      return fail(ErrorCode::invalid_input,
                  "bytecode holds only numbers, texts, booleans and null");
  }
}

// The shortest form that reads back as the same double; whole numbers keep a ".0" to stay doubles.
void append_double(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "null";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-1e999" : "1e999";
    return;
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  const std::string_view text(digits, static_cast<size_t>(end - digits));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append_cell(std::string& out, const Cell& cell) {
  if (const bool* boolean = cell.boolean()) {
    out += *boolean ? "true" : "false";
  } else if (const int64_t* integer = cell.integer()) {
    out += std::to_string(*integer);
  } else if (const double* number = cell.floating()) {
    append_double(out, *number);
  } else if (const std::string* text = cell.text()) {
    json::append_quoted(out, *text);
  } else {
    out += "null";
  }
}

bool begins_with_marker(const Program& program) {
  const std::string* marker = program.cells.empty() ? nullptr : program.cells.front().text();
  return marker != nullptr && (*marker == program_marker || *marker == program_marker_version_0);
}

}  // namespace

Result<Program> read_program(std::string_view json) {
  if (!codec::is_valid_utf8(json)) {
    return fail(ErrorCode::invalid_input, "bytecode is not valid UTF-8");
  }
  json::Reader reader(json);
  Program program;
  if (!reader.enter_array()) return fail(reader.error().within("bytecode"));
  while (reader.next_item()) {
    const std::string_view raw = reader.value();
    if (!reader.ok()) break;
    if (program.cells.size() == program_cells_max) {
      return fail(ErrorCode::too_large,
                  "bytecode has more than " + std::to_string(program_cells_max) + " cells");
    }
    MR_TRY(Cell cell, read_cell(raw));
    program.cells.push_back(std::move(cell));
  }
  if (!reader.at_end()) return fail(reader.error().within("bytecode"));
  if (!begins_with_marker(program)) {
    return fail(ErrorCode::invalid_input, "Invalid HogQL bytecode, must start with '_H'");
  }
  return program;
}

std::string write_program(const Program& program) {
  std::string out = "[";
  for (const Cell& cell : program.cells) {
    if (out.size() > 1) out += ",";
    append_cell(out, cell);
  }
  return out + "]";
}

size_t first_instruction(const Program& program) {
  if (program.cells.empty()) return 0;
  const std::string* marker = program.cells.front().text();
  if (marker == nullptr) return 0;
  return *marker == program_marker_version_0 ? 1 : std::min<size_t>(2, program.cells.size());
}

}  // namespace mr::hog
