#include "codec/multipart.h"

#include <algorithm>

#include "codec/utf8.h"

namespace mr::codec {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr size_t boundary_bytes_max = 70;

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::invalid_input, std::move(message));
}

// What a header's value says before its parameters.
std::string lower_value(std::string_view value) {
  return lower_ascii(trim(value.substr(0, value.find(';'))));
}

// Takes a quoted text off the front of `rest`, which begins behind its first quote. Nothing when it
// does not end.
std::optional<std::string> take_quoted(std::string_view& rest) {
  std::string text;
  for (size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return text;
    }
    // Browsers write a quote in a name as %22, and leave backslashes alone.
    if (rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\')) ++i;
    text += rest[i];
  }
  return std::nullopt;
}

// The parameter of that name behind a header's value: `form-data; name="event"`.
std::optional<std::string> parameter_of(std::string_view value, std::string_view wanted) {
  std::optional<std::string> found;
  size_t semicolon = value.find(';');
  while (semicolon != std::string_view::npos) {
    value.remove_prefix(semicolon + 1);
    const size_t equals = value.find_first_of("=;");
    if (equals == std::string_view::npos) return found;
    semicolon = equals;
    if (value[equals] == ';') continue;
    const std::string name = lower_ascii(trim(value.substr(0, equals)));
    value.remove_prefix(equals + 1);
    std::optional<std::string> text;
    if (value.starts_with('"')) {
      value.remove_prefix(1);
      text = take_quoted(value);
      if (!text) return std::nullopt;
    } else {
      text = std::string(trim(value.substr(0, value.find(';'))));
    }
    if (name == wanted) {
      if (found) return std::nullopt;
      found = std::move(text);
    }
    semicolon = value.find(';');
  }
  return found;
}

Result<void> read_header(std::string_view line, Part& part, bool& named) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return invalid("a header of a part has no colon");
  }
  const std::string name = lower_ascii(trim(line.substr(0, colon)));
  const std::string_view value = trim(line.substr(colon + 1));
  if (name == "content-type") {
    part.content_type = value;
  } else if (name == "content-encoding") {
    part.content_encoding = value;
  } else if (name == "content-disposition") {
    const auto given = parameter_of(value, "name");
    if (named || lower_value(value) != "form-data" || !given) {
      return invalid("a part has no name");
    }
    part.name = *given;
    named = true;
  }
  return {};
}

// The part that `text` is, from its first header to the end of its content.
Result<Part> read_part(std::string_view text) {
  Part part;
  bool named = false;
  size_t head_bytes = 0;
  while (true) {
    const size_t end = text.find(line_end);
    if (end == std::string_view::npos) {
      return invalid("the head of a part does not end");
    }
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + line_end.size());
    if (line.empty()) break;
    head_bytes += line.size();
    if (head_bytes > part_head_bytes_max) {
      return invalid("the head of a part is too large");
    }
    MR_CHECK(read_header(line, part, named));
  }
  if (!named) return invalid("a part has no name");
  if (!is_valid_utf8(part.name) || !is_valid_utf8(part.content_type.value_or("")) ||
      !is_valid_utf8(part.content_encoding.value_or(""))) {
    return invalid("the head of a part is not valid UTF-8");
  }
  part.content = text;
  return part;
}

// Where a delimiter begins, and what it is followed by.
struct Delimiter {
  size_t begin;  // of the line end before it, which belongs to it
  size_t end;    // behind its own line end
  bool closes;
};

// The next line that is "--BOUNDARY" or "--BOUNDARY--", from `from` on, where a line begins at the
// text's start or behind a line end.
std::optional<Delimiter> find_delimiter(std::string_view body, std::string_view dashed,
                                        size_t from) {
  for (size_t at = body.find(dashed, from); at != std::string_view::npos;
       at = body.find(dashed, at + 1)) {
    const bool begins_line =
        at == 0 || (at >= 2 && at - 2 >= from && body.substr(at - 2, 2) == line_end);
    if (!begins_line) continue;
    const size_t begin = at == 0 ? 0 : at - 2;
    size_t end = at + dashed.size();
    const bool closes = body.substr(end).starts_with("--");
    if (closes) end += 2;
    end = std::min(body.find_first_not_of(" \t", end), body.size());
    if (body.substr(end).starts_with(line_end)) {
      return Delimiter{begin, end + line_end.size(), closes};
    }
    if (closes && end == body.size()) return Delimiter{begin, end, closes};
  }
  return std::nullopt;
}

}  // namespace

bool is_multipart_form(std::string_view content_type) {
  return lower_value(content_type) == "multipart/form-data";
}

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  auto boundary = parameter_of(content_type, "boundary");
  const auto is_visible = [](char c) { return c >= ' ' && c <= '~'; };
  if (!boundary || boundary->empty() || boundary->size() > boundary_bytes_max ||
      boundary->ends_with(' ') || !std::ranges::all_of(*boundary, is_visible)) {
    return std::nullopt;
  }
  return boundary;
}

Result<std::vector<Part>> split_multipart(std::string_view body, std::string_view boundary,
                                          size_t parts_max) {
  const std::string dashed = "--" + std::string(boundary);
  auto delimiter = find_delimiter(body, dashed, 0);
  if (!delimiter) return invalid("the body does not begin with its boundary");
  std::vector<Part> parts;
  while (!delimiter->closes) {
    const size_t begin = delimiter->end;
    delimiter = find_delimiter(body, dashed, begin);
    if (!delimiter) return invalid("the body does not end with its boundary");
    if (parts.size() == parts_max) return invalid("the body has too many parts");
    MR_TRY(Part part, read_part(body.substr(begin, delimiter->begin - begin)));
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace mr::codec
