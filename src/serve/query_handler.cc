#include "serve/query_handler.h"

#include <optional>

#include "codec/json_object.h"
#include "serve/api_error.h"

namespace mr::serve {

namespace {

std::optional<store::QueryFormat> parse_format(std::string_view word) {
  if (word == "json" || word.empty()) return store::QueryFormat::json;
  if (word == "table") return store::QueryFormat::table;
  if (word == "csv") return store::QueryFormat::csv;
  if (word == "tsv") return store::QueryFormat::tsv;
  return std::nullopt;
}

std::string_view content_type(store::QueryFormat format) {
  switch (format) {
    case store::QueryFormat::json:
      return "application/json";
    case store::QueryFormat::csv:
      return "text/csv; charset=utf-8";
    case store::QueryFormat::tsv:
      return "text/tab-separated-values; charset=utf-8";
    case store::QueryFormat::table:
      break;
  }
  return "text/plain; charset=utf-8";
}

Result<store::QueryRequest> parse_request(ByteView body) {
  MR_TRY(const auto object, json::Object::parse(as_text(body)));
  const auto sql = object.find_text("sql");
  if (!sql) return fail(ErrorCode::invalid_input, "the body needs a text \"sql\"");
  const auto format = parse_format(object.find_text("format").value_or(""));
  if (!format) return fail(ErrorCode::invalid_input, "\"format\" is json, table, csv or tsv");
  return store::QueryRequest{*sql, *format};
}

}  // namespace

io::Task<http::Response> QueryHandler::handle(http::Request request) {
  auto query = parse_request(request.body);
  if (!query) co_return api_error(query.error());
  const store::QueryFormat format = query->format;
  auto result = co_await warehouse_.query(std::move(*query));
  if (!result) co_return api_error(result.error());
  http::Response response(200);
  response.add_header("Content-Type", content_type(format));
  response.body = std::move(result->data);
  co_return response;
}

}  // namespace mr::serve
