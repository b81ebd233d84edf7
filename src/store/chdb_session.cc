#include "store/chdb_session.h"

#include <charconv>

#include "base/assert.h"

namespace mr::store {

namespace {

// Longer messages of the engine (lists of what a parser expected) are cut here.
constexpr size_t engine_message_bytes_max = 1000;

// The engine's error numbers that callers treat differently
// (https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp).
ErrorCode code_from_number(int number) {
  switch (number) {
    case 159:  // TIMEOUT_EXCEEDED
    case 160:  // TOO_SLOW
      return ErrorCode::timed_out;
    case 158:  // TOO_MANY_ROWS
    case 241:  // MEMORY_LIMIT_EXCEEDED
    case 307:  // TOO_MANY_BYTES
    case 396:  // TOO_MANY_ROWS_OR_BYTES
    case 131:  // TOO_LARGE_STRING_SIZE
      return ErrorCode::too_large;
    case 164:  // READONLY
    case 497:  // ACCESS_DENIED
      return ErrorCode::unauthorized;
    case 60:  // UNKNOWN_TABLE
    case 81:  // UNKNOWN_DATABASE
      return ErrorCode::not_found;
    case 243:  // NOT_ENOUGH_SPACE
      return ErrorCode::no_space;
    case 6:    // CANNOT_PARSE_TEXT
    case 26:   // CANNOT_PARSE_QUOTED_STRING
    case 27:   // CANNOT_PARSE_INPUT_ASSERTION_FAILED
    case 36:   // BAD_ARGUMENTS
    case 38:   // CANNOT_PARSE_DATE
    case 41:   // CANNOT_PARSE_DATETIME
    case 42:   // NUMBER_OF_ARGUMENTS_DOESNT_MATCH
    case 43:   // ILLEGAL_TYPE_OF_ARGUMENT
    case 46:   // UNKNOWN_FUNCTION
    case 47:   // UNKNOWN_IDENTIFIER
    case 53:   // TYPE_MISMATCH
    case 62:   // SYNTAX_ERROR
    case 72:   // CANNOT_PARSE_NUMBER
    case 117:  // INCORRECT_DATA
    case 376:  // CANNOT_PARSE_UUID
      return ErrorCode::invalid_input;
    default:
      return ErrorCode::failed;
  }
}

std::string_view without_prefix(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

}  // namespace

Error error_from_engine(std::string_view message) {
  std::string_view text = message;
  int number = 0;
  // The text can be wrapped: "Code: 164. DB::Exception: Code: 164. DB::Exception: …".
  while (text.starts_with("Code: ")) {
    text.remove_prefix(6);
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()));
    text = without_prefix(text, ". ");
    const size_t colon = text.find(": ");
    if (text.starts_with("DB::") && colon != std::string_view::npos) text.remove_prefix(colon + 2);
  }
  text = without_prefix(text, "default: ");  // the engine's user, which nobody chose
  for (const std::string_view tail : {" Expected one of: ", " (version ", ": In scope SELECT "}) {
    if (const size_t at = text.find(tail); at != std::string_view::npos) text = text.substr(0, at);
  }
  while (!text.empty() && (text.back() == '.' || text.back() == ' ' || text.back() == '\n')) {
    text.remove_suffix(1);
  }
  // The engine's own disk-full message carries the operating system's number only.
  const bool disk_full = message.find("No space left on device") != std::string_view::npos;
  return Error(disk_full ? ErrorCode::no_space : code_from_number(number),
               std::string(text.substr(0, engine_message_bytes_max)));
}

std::string sql_literal(std::string_view text) {
  std::string literal = "'";
  literal.reserve(text.size() + 2);
  for (const char c : text) {
    if (c == '\'' || c == '\\') literal += '\\';
    if (c == '\0') {
      literal += "\\0";
      continue;
    }
    literal += c;
  }
  literal += '\'';
  return literal;
}

Result<std::unique_ptr<ChdbSession>> ChdbSession::connect(const ChdbApi& api,
                                                          std::vector<std::string> arguments) {
  std::string program = "millrace";
  std::vector<char*> argv = {program.data()};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  ChdbApi::Handle* connection = api.connect(static_cast<int>(argv.size()), argv.data());
  if (connection == nullptr) {
    return fail(ErrorCode::failed,
                "the embedded ClickHouse engine did not start (its reason is on stderr)");
  }
  return std::unique_ptr<ChdbSession>(new ChdbSession(api, connection));
}

ChdbSession::~ChdbSession() {
  api_.close(connection_);
}

Result<ChdbOutput> ChdbSession::execute(std::string_view sql, std::string_view format) {
  if (broken_) {
    return fail(ErrorCode::failed, "this session of the embedded ClickHouse engine is broken");
  }
  auto output = execute_once(sql, format);
  if (!output) discard_leftovers();
  return output;
}

// libchdb 26.5 keeps what a failed statement had written (its header, its first rows) and puts it
// before the output of the session's next statement. That one would show a user another's rows, and
// its text could mislead the guard, so it is a statement of ours whose right answer is known.
void ChdbSession::discard_leftovers() {
  constexpr int attempts_max = 3;
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const auto probe = execute_once("SELECT 1", "TabSeparatedRaw");
    if (probe && probe->data == "1\n") return;
  }
  broken_ = true;
}

Result<ChdbOutput> ChdbSession::execute_once(std::string_view sql, std::string_view format) {
  ChdbApi::Result* result =
      api_.query(*connection_, sql.data(), sql.size(), format.data(), format.size());
  MR_ASSERT(result != nullptr);
  if (const char* error = api_.error(result)) {
    Error failure = error_from_engine(error);
    api_.destroy(result);
    return fail(std::move(failure));
  }
  ChdbOutput output;
  if (const size_t bytes = api_.length(result); bytes > 0) {
    output.data.assign(api_.buffer(result), bytes);
  }
  output.rows = api_.rows_out(result);
  output.rows_written = api_.rows_written(result);
  output.elapsed_seconds = api_.elapsed_seconds(result);
  api_.destroy(result);
  return output;
}

}  // namespace mr::store
