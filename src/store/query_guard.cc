#include "store/query_guard.h"

#include <algorithm>
#include <array>
#include <span>

namespace mr::store {

namespace {

// Sorted, lower case. What a query's statement may begin with.
constexpr std::array statements = {std::string_view("describe"), std::string_view("exists"),
                                   std::string_view("explain"),  std::string_view("select"),
                                   std::string_view("show"),     std::string_view("with")};

// What may follow SHOW: names and definitions, not other people's queries or rights.
constexpr std::array shown = {
    std::string_view("columns"),  std::string_view("create"),  std::string_view("databases"),
    std::string_view("extended"), std::string_view("full"),    std::string_view("functions"),
    std::string_view("index"),    std::string_view("indexes"), std::string_view("tables")};

// Functions that read files, open connections or start programs. Refused wherever the name stands
// as an identifier, because a function can be named without being called (`arrayMap(file, …)`).
constexpr std::array refused_functions = {
    std::string_view("aiclassify"),       std::string_view("aiextract"),
    std::string_view("aigenerate"),       std::string_view("aitranslate"),
    std::string_view("catboostevaluate"), std::string_view("file"),
    std::string_view("hascolumnintable"), std::string_view("showcertificate")};

// Table functions that make rows out of nothing or of the query itself. `format` and `fuzzQuery`
// are also ordinary functions; as table functions the engine refuses them for want of a grant.
constexpr std::array allowed_table_functions = {
    std::string_view("format"),          std::string_view("fuzzquery"),
    std::string_view("generaterandom"),  std::string_view("generateseries"),
    std::string_view("generate_series"), std::string_view("null"),
    std::string_view("numbers"),         std::string_view("numbers_mt"),
    std::string_view("primes"),          std::string_view("sqlstandardvalues"),
    std::string_view("values"),          std::string_view("view"),
    std::string_view("zeros"),           std::string_view("zeros_mt")};

// System tables that describe the schema and its storage.
constexpr std::array allowed_system_tables = {
    std::string_view("columns"),    std::string_view("data_skipping_indices"),
    std::string_view("databases"),  std::string_view("formats"),
    std::string_view("functions"),  std::string_view("numbers"),
    std::string_view("numbers_mt"), std::string_view("one"),
    std::string_view("parts"),      std::string_view("parts_columns"),
    std::string_view("tables"),     std::string_view("time_zones"),
    std::string_view("zeros"),      std::string_view("zeros_mt")};

bool is_in(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

enum class TokenKind : uint8_t { word, quoted_name, text, number, symbol };

// A word keeps its lower-case form, a quoted name what stands between the quotes.
struct Token {
  TokenKind kind;
  std::string value;

  bool is_word(std::string_view word) const { return kind == TokenKind::word && value == word; }
  bool is_symbol(char symbol) const { return kind == TokenKind::symbol && value.front() == symbol; }
  bool names_something() const { return kind == TokenKind::word || kind == TokenKind::quoted_name; }
};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The end of the quoted run that begins at `at`, one past the closing quote; npos when it is not
// closed. A backslash escapes one character, a doubled quote is not the end.
size_t quoted_end(std::string_view sql, size_t at) {
  const char quote = sql[at];
  for (size_t i = at + 1; i < sql.size(); ++i) {
    if (sql[i] == '\\') {
      ++i;
    } else if (sql[i] == quote) {
      if (i + 1 < sql.size() && sql[i + 1] == quote) {
        ++i;
      } else {
        return i + 1;
      }
    }
  }
  return std::string_view::npos;
}

// Splits canonical text; false when a byte stands where the formatter never puts it.
bool split(std::string_view sql, std::vector<Token>& tokens) {
  size_t at = 0;
  while (at < sql.size()) {
    const char c = sql[at];
    size_t end = at + 1;
    if (c == ' ' || c == '\n' || c == '\t') {
      at = end;
      continue;
    }
    if (is_letter(c) || is_digit(c)) {
      while (end < sql.size() && (is_letter(sql[end]) || is_digit(sql[end]))) ++end;
      std::string value(sql.substr(at, end - at));
      std::transform(value.begin(), value.end(), value.begin(), lower);
      tokens.push_back({is_letter(c) ? TokenKind::word : TokenKind::number, std::move(value)});
    } else if (c == '\'' || c == '`') {
      end = quoted_end(sql, at);
      if (end == std::string_view::npos) return false;
      std::string value(sql.substr(at + 1, end - at - 2));
      // An escaped name could spell one that we compare with.
      if (c == '`' && value.find('\\') != std::string::npos) return false;
      std::transform(value.begin(), value.end(), value.begin(), lower);
      tokens.push_back({c == '`' ? TokenKind::quoted_name : TokenKind::text, std::move(value)});
    } else if (std::string_view("()[]{},.:;+-*/%=<>!|?@^&").find(c) != std::string_view::npos) {
      tokens.push_back({TokenKind::symbol, std::string(1, c)});
    } else {
      return false;
    }
    at = end;
  }
  return true;
}

GuardVerdict refuse(GuardRefusal refusal, std::string message) {
  return {refusal, std::move(message)};
}

GuardVerdict judge_statement(const std::vector<Token>& tokens) {
  size_t first = 0;
  while (first < tokens.size() && tokens[first].is_symbol('(')) ++first;
  const bool known = first < tokens.size() && tokens[first].kind == TokenKind::word &&
                     is_in(statements, tokens[first].value);
  if (!known) {
    return refuse(GuardRefusal::statement,
                  "a query may be SELECT, WITH, SHOW, DESCRIBE, EXISTS or EXPLAIN");
  }
  if (tokens[first].value == "show" &&
      (first + 1 >= tokens.size() || !is_in(shown, tokens[first + 1].value))) {
    return refuse(GuardRefusal::statement,
                  "SHOW is limited to TABLES, CREATE, COLUMNS, INDEXES, DATABASES and FUNCTIONS");
  }
  return {};
}

// What the token at `i` and its successors mean together, wherever they stand. The formatter writes
// a column's sort order and an alias's AS, so a column named format or settings is told apart.
GuardVerdict judge_clause(const std::vector<Token>& tokens, size_t i) {
  const Token& here = tokens[i];
  const Token& next = tokens[i + 1];
  const bool last = i + 2 == tokens.size();
  if (here.is_word("into") && next.is_word("outfile")) {
    return refuse(GuardRefusal::outfile, "INTO OUTFILE is not allowed: a query writes no files");
  }
  if (here.is_word("parallel") && next.is_word("with")) {
    return refuse(GuardRefusal::statement, "a query is one statement");
  }
  if (here.is_word("format") && next.names_something() && !next.is_word("asc") &&
      !next.is_word("desc") && (last || tokens[i + 2].is_word("settings"))) {
    return refuse(GuardRefusal::format,
                  "FORMAT is not allowed: choose the format beside the query");
  }
  if (here.is_word("settings") && next.names_something() && !last && tokens[i + 2].is_symbol('=')) {
    return refuse(GuardRefusal::settings, "SETTINGS are not allowed in a query");
  }
  return {};
}

}  // namespace

std::string_view to_string(GuardRefusal refusal) {
  switch (refusal) {
    case GuardRefusal::none:
      return "none";
    case GuardRefusal::statement:
      return "statement";
    case GuardRefusal::outfile:
      return "outfile";
    case GuardRefusal::format:
      return "format";
    case GuardRefusal::settings:
      return "settings";
    case GuardRefusal::function:
      return "function";
    case GuardRefusal::table_function:
      return "table_function";
    case GuardRefusal::system_table:
      return "system_table";
    case GuardRefusal::unreadable:
      return "unreadable";
  }
  return "none";
}

QueryGuard::QueryGuard(const std::vector<std::string>& table_functions) {
  for (std::string name : table_functions) {
    std::transform(name.begin(), name.end(), name.begin(), lower);
    if (!is_in(allowed_table_functions, name)) refused_table_functions_.push_back(std::move(name));
  }
  std::sort(refused_table_functions_.begin(), refused_table_functions_.end());
}

GuardVerdict QueryGuard::judge(std::string_view canonical) const {
  std::vector<Token> tokens;
  if (!split(canonical, tokens)) {
    return refuse(GuardRefusal::unreadable, "the query has characters that are not allowed here");
  }
  if (GuardVerdict verdict = judge_statement(tokens); verdict.refusal != GuardRefusal::none) {
    return verdict;
  }
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Token& here = tokens[i];
    if (here.is_symbol(';')) return refuse(GuardRefusal::statement, "a query is one statement");
    if (!here.names_something()) continue;
    if (is_in(refused_functions, here.value)) {
      return refuse(GuardRefusal::function,
                    "the function " + here.value +
                        " is not available to queries (nor is its name as a name)");
    }
    if (i + 1 == tokens.size()) break;
    const Token& next = tokens[i + 1];
    if (GuardVerdict verdict = judge_clause(tokens, i); verdict.refusal != GuardRefusal::none) {
      return verdict;
    }
    if (next.is_symbol('(') && std::binary_search(refused_table_functions_.begin(),
                                                  refused_table_functions_.end(), here.value)) {
      return refuse(GuardRefusal::table_function,
                    "the table function " + here.value + " is not available to queries");
    }
    if (here.value == "system" && next.is_symbol('.') &&
        (i + 2 == tokens.size() || !is_in(allowed_system_tables, tokens[i + 2].value))) {
      return refuse(GuardRefusal::system_table,
                    "of the system tables a query may read columns, databases, functions, numbers, "
                    "one, parts and tables");
    }
  }
  return {};
}

}  // namespace mr::store
